# %% [markdown]
# # 06 修复成效与增汇潜力
#
# 修复工程让土地多吸收了多少碳——与周围没有修复的同类土地相比；还能在哪里、再造多少林、碳汇多大。工程与样地都是**示范数据**。
#
# *What restoration added, against matched land around it; and where and how much more is possible (modelled data).*

# %% [markdown]
# ## 工程与对照 / Projects and their surroundings
#
# 湿润的年份到处都长得好，不能算作工程的功劳。所以每个工程配一圈对照（这里宽 20 km，不含任何工程），两边按 2020 年的地类分层，同类相比。
#
# *A wet year is not the merit of a project: each has a ring around it, and like is compared with like, by the land cover of 2020.*

# %%
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
from rasterio.features import shapes
from rasterio.windows import from_bounds
from shapely.geometry import shape

import sinks
from sinks.assessment.restoration import as_regions, effects, observations_of, surroundings, warnings_on

projects = gpd.read_file("../data/vector/restoration_projects.gpkg")
rings = surroundings(projects, 20_000)
projects.drop(columns="geometry")[["project_id", "name_zh", "start_year", "area_ha"]]

# %%
with rasterio.open("../data/raster/land_cover_2020.tif") as source:
    window = from_bounds(*rings.total_bounds, source.transform).round_offsets().round_lengths()
    classes, transform = source.read(1, window=window), source.window_transform(window)
legend = sinks.load_legend("clcd")
wanted = np.isin(classes, [code for code in legend.codes if legend.get(code).ecosystem in ("grassland", "bare", "shrub")])
pieces = [(shape(geometry), legend.get(int(code)).ecosystem) for geometry, code in shapes(classes, wanted, transform=transform)]
strata = gpd.GeoDataFrame({"stratum": [name for _, name in pieces]}, geometry=[piece for piece, _ in pieces], crs=projects.crs)
strata = strata.dissolve("stratum").reset_index()

regions = as_regions(projects, rings, strata)
regions.to_file("projects.gpkg")
regions[["code", "level"]].head(4)

# %% [markdown]
# 工程和对照就是一次核算的“地区”，其余与平常一样：
#
# *Projects and rings are the regions of a run; the rest is as usual.*

# %%
project = sinks.Project.read("../data/projects/demo.toml")
content = project.record()
content["project"] |= {"name": "restoration", "title": "修复工程碳汇成效（示范）", "coverage_min": 0.0, "cells_min": 1}
content["regions"] = {"file": str(Path("projects.gpkg").resolve()), "code": "code", "name": "name", "level": "project"}
content.pop("assessment", None)
run = sinks.run(sinks.Project.from_dict(content, folder=project.folder))

observed = observations_of(run.account, "2020-2023")
observed.assign(area_ha=observed["area_ha"].round(0)).round(3).query("project_id == 'R1'")

# %% [markdown]
# ## 成效 / Effects
#
# 成效 = Σ 面积 ×（工程内每公顷碳汇 − 对照每公顷碳汇），逐层相减后相加；`detected` 说明是否超出误差。
#
# *Effect: area times the difference per hectare, stratum by stratum; `detected` says whether it exceeds its error.*

# %%
years = 2023 - projects.set_index("project_id")["start_year"].clip(lower=2020).astype(float)
found = effects(observed, years)
print(found.round(2).to_string(index=False))
for note in warnings_on(found):
    print(note)

# %% [markdown]
# ## 潜力：适宜的土地 / Potential: suited land
#
# 条件逐条排除，每公顷只计一次。这里的条件只是示例：应当换成本地的水分、保护地与耕地红线。
#
# *Land is ruled out condition by condition, each hectare once. The conditions are an example.*

# %%
from sinks.assessment.potential import Condition, GrowthCurve, area_needed, candidates, trajectory

ordos = sinks.tabulate("../data/projects/ordos.toml")
land = ordos.states.query("date == '2023'")
conditions = [
    Condition("不是草地 / not grassland", "ecosystem", allowed=("grassland",)),
    Condition("荒漠 / desert", "grassland_type", excluded=("desert", "steppe_desert")),
    Condition("沼泽与低地草甸 / marsh and lowland", "grassland_type", excluded=("marsh", "lowland_meadow")),
]
suited = candidates(land, conditions)
table = suited.groupby("reason")["area_ha"].sum().sort_values(ascending=False)
table.div(1e4).round(2).rename("万ha").to_frame()

# %% [markdown]
# ## 潜力：造林情景 / Potential: planting
#
# 用样地拟合生长曲线（Richards），再乘以生物量与含碳率，得到碳密度曲线；两个情景在 2025–2034 年间造林。
#
# *A growth curve fitted to plots, turned into carbon, and two scenarios of planting.*

# %%
from sinks.growth import fit

plots = pd.read_csv("../data/tables/growth_plots.csv").query("species_group == 'chinese_pine'")
curve = fit("richards", plots["stand_age (yr)"], plots["growing_stock (m3/ha)"], "growth_plots.csv: chinese_pine")
print({name: round(float(value), 4) for name, value in zip(("asymptote", "growth_rate", "shape"), curve.values)}, f"R2 = {curve.r_squared:.2f}")

parameters = sinks.Registry().get("growing_stock_bef").table.frame.query("species_group == 'chinese_pine'")
one = parameters.set_index("parameter")["value"]
carbon = one["basic_wood_density"] * one["bef"] * (1 + one["root_to_shoot"]) * one["carbon_fraction"]
growth = GrowthCurve(curve.values[0] * carbon, curve.values[1], curve.values[2], "示范样地 / demonstration plots")

# %%
available = suited.query("reason == 'suited'")["area_ha"].sum()
planting = pd.DataFrame(
    [(name, year, area) for name, area in (("慢 slow", 2_000.0), ("快 fast", 6_000.0)) for year in range(2025, 2035)],
    columns=["scenario", "year", "area_ha"],
)
future = trajectory(planting, growth, [2030, 2040, 2050, 2060])
future.assign(stock=(future["stock"] / 1e4).round(2), removals=(future["removals"] / 1e4).round(2)).rename(
    columns={"stock": "万tC", "removals": "万tCO2/年"}
)

# %% [markdown]
# 反过来问：要在 2050 年每年吸收 50 万 t CO2，需要多少地，够不够？
#
# *The other way round: how much land would it take to remove 500,000 t CO2 a year in 2050?*

# %%
area_needed(planting, growth, 2050, 5e5, available).round(2)
