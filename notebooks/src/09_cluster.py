# %% [markdown]
# # 09 集群
#
# 分块可以交给多台机器。这里在本机起一个两进程的 Dask“集群”演示，只用回环地址，不联网；换成真正的集群只改一行。
#
# *Blocks can be handed to many machines. A Dask cluster of two processes on this machine stands for a real one.*

# %%
import sinks

PROJECT = "../data/projects/ordos.toml"
alone = sinks.tabulate(PROJECT, threads=1)
