# %% [markdown]
# # 06 修复成效与增汇潜力
#
# 修复工程让土地多吸收了多少碳——与周围没有修复的同类土地相比；还能在哪里、再造多少林、碳汇多大。工程与样地都是**示范数据**。
#
# *What restoration added, against matched land around it; and where and how much more is possible (modelled data).*

# %% [markdown]
# ## 工程与对照 / Projects and their surroundings
#
# 湿润的年份到处都长得好，不能算作工程的功劳。所以每个工程配一圈对照（这里宽 20 km，不含任何工程），两边按期初地类和气候带分层，同类相比。
# 项目文件里只要一节：
#
# *A wet year is not the merit of a project: each has a ring around it, and like is compared with like. One section of the project file says so:*

# %%
from pathlib import Path

import pandas as pd

import sinks

project = sinks.Project.read("../data/projects/demo.toml")
content = project.record()
content["project"]["draws"] = 200
content["regions"]["levels"] = ["league"]
content["methodologies"] = [one for one in content["methodologies"] if one.get("role") != "comparison"]
content.pop("assessment")
content["restoration"] = {
    "file": "../vector/restoration_projects.gpkg",
    "ring": 20_000,
    "strata": ["ecosystem", "climate_zone"],
}
run = sinks.run(sinks.Project.from_dict(content, folder=project.folder))
found = run.restoration()

# %% [markdown]
# ## 成效 / Effects
#
# 成效 = Σ 面积 ×（工程内每公顷碳汇 − 对照每公顷碳汇），逐层相减后相加。`detected` 说明是否超出误差，`matched_share` 是有同类对照的面积占比。
#
# *Effect: area times the difference per hectare, stratum by stratum; `detected` says whether it exceeds its error.*

# %%
columns = ["project_id", "effect", "low", "high", "unit", "area_ha", "matched_share", "years", "detected"]
effects = found.table.set_index("project_id")
errors = [effects["effect"] - effects["low"], effects["high"] - effects["effect"]]
effects["effect"].plot.bar(yerr=errors, figsize=(6, 2.6), color="#009E73", ylabel=effects["unit"].iloc[0], rot=0)
found.table[columns].round(1)

# %%
[str(note) for note in found.notes]

# %% [markdown]
# ## 潜力：适宜的土地 / Potential: suited land
#
# 条件逐条排除，每公顷只计一次。这里的条件只是示例：应当换成本地的水分、保护地与耕地红线（`zones` 接受红线图层）。
#
# *Land is ruled out condition by condition, each hectare once. The conditions are an example.*

# %%
conditions = [
    {"name": "不是草地 / not grassland", "layer": "ecosystem", "allowed": ["grassland"]},
    {"name": "荒漠 / desert", "layer": "grassland_type", "excluded": ["desert", "steppe_desert"]},
    {"name": "沼泽与低地草甸 / marsh", "layer": "grassland_type", "excluded": ["marsh", "lowland_meadow"]},
]

# %% [markdown]
# ## 潜力：造林情景 / Potential: planting
#
# 用样地拟合生长曲线（Richards），再乘以生物量与含碳率，得到碳密度曲线；两个情景在 2025–2034 年间在鄂尔多斯造林。
#
# *A growth curve fitted to plots, turned into carbon, and two scenarios of planting in Ordos.*

# %%
from sinks.parameters.growth_curves import fit

plots = pd.read_csv("../data/tables/growth_plots.csv").query("species_group == 'chinese_pine'")
curve = fit("richards", plots["stand_age (yr)"], plots["growing_stock (m3/ha)"], "growth_plots.csv: chinese_pine")
volume, growth_rate, shape = curve.values
print(f"V = {volume:.1f} (1 - exp(-{growth_rate:.4f} t))^{shape:.2f} m3/ha, R2 = {curve.r_squared:.2f}, {curve.plots} plots")

table = sinks.Registry().get("growing_stock_bef").table.frame.query("species_group == 'chinese_pine'")
one = table.set_index("parameter")["value"]
carbon = one["basic_wood_density"] * one["bef"] * (1 + one["root_to_shoot"]) * one["carbon_fraction"]

# %%
numbers = {"asymptote": (volume * carbon, "t C/ha"), "growth_rate": (growth_rate, "1/yr"), "shape": (shape, "1")}
pd.DataFrame(
    [("pine", "richards", name, value, unit, "示范样地 / demonstration plots") for name, (value, unit) in numbers.items()],
    columns=["curve", "function", "quantity", "value", "unit", "source"],
).to_csv("curves.csv", index=False)
pd.DataFrame(
    [(name, "150600", "pine", "2025-2034", "area", area, "ha", "假定 / assumed") for name, area in (("slow", 2e4), ("fast", 6e4))],
    columns=["scenario", "region_code", "curve", "year", "quantity", "value", "unit", "source"],
).to_csv("planting.csv", index=False)

content["potential"] = {
    "conditions": conditions,
    "curves": str(Path("curves.csv").resolve()),
    "planting": str(Path("planting.csv").resolve()),
    "years": [2030, 2040, 2050, 2060],
    "target": 500_000,
    "target_year": 2050,
}
potential = run.potential(sinks.Project.from_dict(content, folder=project.folder).potential)

land = potential.land.query("region_code == '150600'").set_index("reason")["area_ha"]
land.div(1e4).round(2).rename("鄂尔多斯 万ha").to_frame()

# %% [markdown]
# 储量与碳汇的轨迹（万 t）：
#
# *Stock and sink over time, 10^4 t:*

# %%
future = potential.trajectory.query("region_code == '150600'")
lines = future.pivot(index="year", columns="scenario", values=["stock", "removals"]) / 1e4
lines["stock"].add_prefix("stock, ").join(lines["removals"].add_prefix("removals, ")).plot(subplots=True, layout=(2, 2), figsize=(8, 4))
lines.round(2)

# %% [markdown]
# 反过来问：要在 2050 年每年吸收 50 万 t CO2，需要多少地，够不够？
#
# *The other way round: how much land would it take to remove 500,000 t CO2 a year in 2050?*

# %%
potential.needed.round(2)

# %% [markdown]
# 命令行里：`sinks restoration my.toml`、`sinks potential out/my`。
#
# *On the command line: `sinks restoration my.toml` and `sinks potential out/my`.*
