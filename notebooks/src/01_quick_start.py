# %% [markdown]
# # 01 快速上手
#
# 用仓库自带的**示范数据**，几秒钟算出内蒙古十二盟市及其旗县的碳储量与年碳汇量。示范数据的空间格局由模型生成，不是官方数据。
#
# *Quick start: the account of twelve leagues and their banners from the embedded demonstration data (modelled, not official) in seconds.*

# %%
import sinks

run = sinks.run("../data/projects/demo.toml")
run

# %% [markdown]
# `run` 显示的是汇总：面积、碳储量、年碳汇量和 95 % 区间。全部数字在核算表 `run.account` 里：一行一个数，
# `ecosystem`、`stratum`、`pool` 写 `all` 的行是合计。常用的几问不必筛选：`run.totals`、`run.by`、`run.transitions`。
# 灰色的条是分不清变化与分类误差的盟市。
#
# *`run` shows a summary; every figure is a row of `run.account`, where `all` marks a sum. Common questions need no filter. Grey bars are
# leagues whose sink cannot be told from the noise of the maps.*

# %%
leagues = run.totals("net_removals", level="league")
leagues[["region_name", "period", "value", "low", "high", "unit", "withheld"]].round(0)

# %%
import matplotlib.pyplot as plt

figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
run.plot.bars("carbon_stock", level="league", period="2023", ax=axes[0])
run.plot.bars("net_removals", level="league", ax=axes[1]);

# %%
run.plot.maps("carbon_stock", level="league");

# %% [markdown]
# ## 哪些生态系统贡献了碳汇 / Which ecosystems take the carbon up
#
# 碳汇为正表示吸收，为负表示排放；不截断。
#
# *Positive is a gain of carbon, negative a loss; nothing is clipped at zero.*

# %%
removals = run.by("ecosystem", "net_removals", level="league")
(removals.pivot(index="region_name", columns="ecosystem", values="value") / 1e4).round(2)

# %% [markdown]
# ## 先看检查，再用数字 / Read the checks before the figures
#
# `failed` 的数字不应使用，`warning` 要随数字一起交代，`note` 说明口径。
#
# *Do not use what failed; pass warnings on with the figures; notes state what the figures mean.*

# %%
run.checks.query("status in ['failed', 'warning']")[["status", "where", "detail_zh", "detail_en"]]

# %% [markdown]
# ## 写出结果 / Write the results
#
# 结果文件夹要么完整、要么没有。其中的 `run.json` 记下项目全文、软件版本和每个输入文件的校验和。
#
# *The folder is written whole or not at all; `run.json` holds the project, versions and checksums of every input.*

# %%
folder = run.write("out/quick-start")
sorted(path.name for path in folder.iterdir())

# %% [markdown]
# 以后不用重算就能打开：
#
# *Open it later without running again:*

# %%
again = sinks.open_run(folder)
again.account.equals(run.account)

# %% [markdown]
# 命令行里是同一件事：`sinks run data/projects/demo.toml --out out/demo`。下一步：[用自己的栅格](02_your_rasters.ipynb)。
#
# *On the command line: `sinks run data/projects/demo.toml --out out/demo`. Next: your own rasters.*
