# %% [markdown]
# # 09 集群
#
# 栅格的统计可以分给多台机器。这里用本机的两个进程代替集群（Dask，只用回环地址，不联网）；换成真正的集群，只换地址。
#
# *The pass over the rasters can be divided among machines. Two processes of this machine stand for them, on the loopback address.*

# %%
import pandas as pd
from distributed import Client, LocalCluster

import sinks

prepared = sinks.check("../data/projects/ordos.toml")

# %% [markdown]
# 先在本机算一遍：
#
# *First on this machine alone:*

# %%
from sinks.tabulation import tabulate


def activity(**how):
    layers = dict(strata=prepared.strata, inputs=prepared.inputs)
    return tabulate(prepared.regions.units, prepared.land_cover, **layers, block_size=64, **how).activity()


alone = activity(threads=1)
alone.states.query("ecosystem == 'forest' and date == '2023'").groupby("species_group")[["area_ha"]].sum().round(0).head(4)

# %% [markdown]
# 再交给集群。各进程（机器）要装有相同的软件包，并能以同样的路径读到文件：
#
# *Then on the cluster. Workers need the same packages, and the files under the same paths:*

# %%
# Only errors are told: on a busy machine a process that is slow to stop is no news.
here = dict(host="127.0.0.1", dashboard_address="127.0.0.1:0", silence_logs="ERROR")
cluster = LocalCluster(n_workers=2, threads_per_worker=1, **here)
client = Client(cluster)
divided = activity(scheduler=client)
client.close()
cluster.close()

# %% [markdown]
# 整数累加与次序无关，所以结果完全相同，不是“差不多”：
#
# *Sums are integers, so the result is the same to the last digit and not nearly the same:*

# %%
pd.testing.assert_frame_equal(alone.states, divided.states, check_exact=True)
pd.testing.assert_frame_equal(alone.changes, divided.changes, check_exact=True)
print(len(divided.states), "states,", len(divided.changes), "changes: identical")

# %% [markdown]
# 真正的集群：`Client("tcp://scheduler:8786")`，或直接写地址 `scheduler="tcp://scheduler:8786"`。
# 途中失去一台机器，其未完成的部分由别的机器重做，结果不变。
#
# *On a real cluster give its address. What a lost worker had not reported is done again by the others.*
