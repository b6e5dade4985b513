# %% [markdown]
# # 04 方法比较与不确定性
#
# 同一批数据用不同方法算，差多少、为什么；区间从哪里来、哪一项最要紧；面积的误差有多大。用鄂尔多斯各旗区的示范数据。
#
# *Methodologies side by side and why they differ; where intervals come from; how certain areas are (demonstration data).*

# %%
import pandas as pd

import sinks

pd.set_option("display.max_colwidth", 60)
run = sinks.run("../data/projects/ordos.toml")
run

# %% [markdown]
# ## 方法并列 / Methodologies side by side
#
# 项目里 `role = "comparison"` 的方法与正式方法并列，`ratio` 是与正式方法之比。它们不相加，也不互换。
#
# *Methodologies with `role = "comparison"` beside the one of record; `ratio` is relative to it. Never add or exchange them.*

# %%
comparison = run.compare()
forest = comparison.figures.query(
    "region_code == '150600' and ecosystem == 'forest' and pools == 'above_ground_biomass+below_ground_biomass'"
)
columns = ["quantity", "period", "methodology", "role", "value", "low", "high", "ratio"]
forest[columns].round(2)

# %%
removals = forest.query("quantity == 'net_removals'").set_index("methodology")
errors = [removals["value"] - removals["low"], removals["high"] - removals["value"]]
removals["value"].plot.barh(xerr=errors, figsize=(6, 2.2), color="#0072B2").set_xlabel(removals["unit"].iloc[0]);

# %% [markdown]
# 为何不同：层级、版本、参数是否核实。IPCC 的 BCEF 与根茎比是阶梯值，林分长过一级，生物量反而下降——碳汇的区间因此很宽，甚至变号。
#
# *Why: tier, edition, parameters. The IPCC factors are steps; a stand that grows over one loses biomass on paper, which makes the interval of
# the sink wide.*

# %%
reasons = comparison.reasons.query("ecosystem == 'forest'")
reasons[["methodology", "role", "tier", "edition", "parameters", "unverified", "without_interval", "differs_in"]]

# %% [markdown]
# ## 区间从哪里来 / What the interval comes from
#
# 按误差传播把年碳汇量的不确定性分解到参数和图层。想缩小区间，从排在第一的着手。
#
# *The uncertainty of the sink divided among layers and parameters; work on what stands first.*

# %%
found = run.sensitivity()
top = found.top("150600", "net_removals", 5)
axes = top[::-1].plot.barh(x="name", y="share", figsize=(6, 2.4), legend=False, color="#0072B2")
axes.set_xlabel("share of the variance"), axes.set_ylabel("")
top[["rank", "share", "half_width", "unit", "kind", "name", "stratum"]].round(3)

# %% [markdown]
# 排第一的是蓄积量图层。项目里写了两期误差相同（`dates_correlated = true`，同法调查）。如果两期误差互不相关，碳汇的区间会宽多少？
#
# *First comes the growing stock. The project says that both dates err alike (`dates_correlated = true`). How much wider would the interval be if
# they did not?*

# %%
project = sinks.Project.read("../data/projects/ordos.toml")
content = project.record()
content["inputs"]["growing_stock"]["dates_correlated"] = False
content["accuracy"] = {"matrix": "../tables/confusion_matrix.csv"}  # 下一节用，不改变核算 / for the next section, no change of the account
independent = sinks.run(sinks.Project.from_dict(content, folder=project.folder))

total = "region_code == '150600' and ecosystem == 'all' and stratum == 'all' and pool == 'all' and quantity == 'net_removals'"
rows = pd.concat([run.account.query(total), independent.account.query(total)])
rows.assign(dates_correlated=[True, False])[["dates_correlated", "value", "low", "high", "unit"]].round(0)

# %% [markdown]
# 数值相同，区间相差很大，甚至分不清是汇是源。这就是为什么 `dates_correlated` 要有依据才能写。
#
# *Same value, a very different interval: write `dates_correlated` only if you know.*

# %% [markdown]
# ## 面积的误差 / Errors of area
#
# 给出混淆矩阵，就得到按误差校正的面积及其区间，与图上面积并列。示范矩阵是虚构的。
#
# *With a confusion matrix (invented here) areas are adjusted for the errors of the map, with intervals.*

# %%
areas = independent.adjusted_areas()
areas.query("region_code == '150600' and period == '2023'")[["class", "map_ha", "adjusted_ha", "se_ha"]].round(0)
