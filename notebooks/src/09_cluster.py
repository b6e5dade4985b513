# %% [markdown]
# # 09 集群
#
# 栅格的统计可以分给多台机器。这里用本机的两个进程代替集群（Dask，只用回环地址，不联网）；换成真正的集群，只换地址。
#
# *The pass over the rasters can be divided among machines. Two processes of this machine stand for them, on the loopback address.*

# %%
import matplotlib.pyplot as plt
import pandas as pd
from distributed import Client, LocalCluster

import sinks

project = sinks.Project.read("../data/projects/ordos.toml")
alone = sinks.run(project)
alone.totals("net_removals", level="league")[["region_name", "period", "value", "low", "high", "unit"]].round(0)

# %% [markdown]
# 再交给集群。各进程（机器）要装有相同的软件包，并能以同样的路径读到文件；`block_size` 决定分成多少块。
#
# *Then on the cluster. Workers need the same packages, and the files under the same paths; `block_size` decides into how many
# parts the land is divided.*

# %%
# Only errors are told: on a busy machine a process that is slow to stop is no news.
here = dict(host="127.0.0.1", dashboard_address="127.0.0.1:0", silence_logs="ERROR")
with LocalCluster(n_workers=2, threads_per_worker=1, **here) as cluster, Client(cluster) as client:
    divided = sinks.run(project, scheduler=client, block_size=64)

# %% [markdown]
# 整数累加与次序无关，所以结果完全相同，不是“差不多”：
#
# *Sums are integers, so the result is the same to the last digit and not nearly the same:*

# %%
pd.testing.assert_frame_equal(alone.account, divided.account, check_exact=True)
pd.testing.assert_frame_equal(alone.activity.changes, divided.activity.changes, check_exact=True)

figure, axes = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained", sharey=True)
for run, title, ax in zip([alone, divided], ["本机 / alone", "集群 / cluster"], axes, strict=True):
    run.plot.bars("net_removals", level="banner", ax=ax)
    ax.set_title(title)

# %% [markdown]
# 真正的集群：`Client("tcp://scheduler:8786")`，或直接写地址 `scheduler="tcp://scheduler:8786"`。
# 途中失去一台机器，其未完成的部分由别的机器重做，结果不变。
#
# *On a real cluster give its address. What a lost worker had not reported is done again by the others.*
