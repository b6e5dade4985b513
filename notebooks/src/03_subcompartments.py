# %% [markdown]
# # 03 森林小班
#
# 用小班（林草湿图斑）核算森林碳储量：Shapefile 的汉字编码、字段与代码表、蓄积为零的小班、逐小班结果。数据是示范小班，**不是调查数据**。
#
# *Forest sub-compartments: encoding, fields and code lists, stands without volume, results stand by stand (modelled data).*

# %% [markdown]
# ## 常见的交付：GBK 的 Shapefile / A usual delivery: a Shapefile in GBK
#
# 先把示范小班存成常见的样子：Shapefile，汉字用 GBK，没有 `.cpg`。你有自己的文件时，跳过这一格。
#
# *The demonstration stands saved as stands often arrive: GBK, and no `.cpg` to say so. Skip this cell with your own files.*

# %%
from pathlib import Path

import geopandas as gpd

import sinks

Path("xiaoban").mkdir(exist_ok=True)
for year in (2020, 2023):
    stands = gpd.read_file(f"../data/vector/subcompartments_{year}.gpkg")
    stands.to_file(f"xiaoban/xb_{year}.shp", encoding="GBK")
    Path(f"xiaoban/xb_{year}.cpg").unlink()

stands[["DLMC", "XBMJ", "YOU_SHI_SZ", "LING_ZU", "MEI_GQ_XJ", "geometry"]].head(3)

# %%
project = """
[project]
name = "stands"
title = "呼伦贝尔市示范小班（练习）"
dates = [2020, 2023]
demonstration = true
coverage_min = 0.0

[regions]
builtin = "150000"
within = "150700"
levels = ["banner"]

[vectors.subcompartments]
files = { 2020 = "xiaoban/xb_2020.shp", 2023 = "xiaoban/xb_2023.shp" }
preset = "lincaoshi"

[[methodologies]]
id = "growing_stock_bef"
ecosystems = ["forest"]
"""


def attempt(text):
    """写出项目文件并核算；有问题就显示出来。/ Write the project and run it; show what is wrong."""
    Path("stands.toml").write_text(text, encoding="utf-8")
    try:
        return sinks.run("stands.toml")
    except sinks.SinksError as error:
        print(error)


attempt(project)

# %% [markdown]
# ## 编码与代码表 / Encoding and code lists
#
# 编码不猜：报错里给出两种读法，一看便知。`preset = "lincaoshi"` 是林草湿图斑的字段名与代码表；草地类用的是另一套代码，要写明。
#
# *The encoding is not guessed. `lincaoshi` is the preset of field names and code lists; the grassland types follow another list.*

# %%
project = project.replace('preset = "lincaoshi"', 'preset = "lincaoshi"\nencoding = "GBK"')
attempt(project)

# %% [markdown]
# ## 蓄积为零 / Stands without volume
#
# 写明草地代码表之后，还有一问：乔木林小班蓄积为零，是幼林确无蓄积，还是没有调查？两者结果不同，必须由了解数据的人回答。
#
# *One more question: does a growing stock of zero mean that there is none, or that it was not measured?*

# %%
project = project.replace(
    'encoding = "GBK"', 'encoding = "GBK"\nfields.grassland_type.codes = "grassland_nyt2997"\nzero_volume = "observed"'
)
run = attempt(project)

# %% [markdown]
# 小班只覆盖一小部分面积，只看有数据的旗市：
#
# *The stands cover a small part; only banners that have some:*

# %%
stock = run.by("ecosystem", "carbon_stock").query("ecosystem == 'forest' and value != 0")
stock[["region_name", "period", "value", "unit"]].round(0)

# %% [markdown]
# ## 数据本身的问题 / What was found in the data
#
# 界外的小班、没有单位的面积字段等，不影响运行，但会记在检查里。面积一律按图形的椭球面积计算，不用记录面积，除非写明 `area = "declared"`。
#
# *Stands outside the regions, areas without a unit: noted among the checks. Areas are those of the geometry unless declared.*

# %%
found = run.checks.query("status != 'passed'")
found.assign(where=found["where"].map(lambda where: Path(where).name))[["status", "where", "detail_zh", "detail_en"]]

# %% [markdown]
# ## 按龄组和优势树种 / By age group and species
#
# 活动数据 `run.activity.states` 里有每个分层的面积和平均蓄积。
#
# *The activity table holds the area and the mean growing stock of every stratum.*

# %%
forest = run.activity.states.query("ecosystem == 'forest' and date == '2023'")
volume = (forest["growing_stock"] * forest["area_ha"]).groupby(forest["age_group"]).sum()
area = forest.groupby("age_group")["area_ha"].sum()
ages = (volume / area).rename("m3/ha").round(1).to_frame().assign(area_ha=area.round(0))
ages

# %%
ages.plot.bar(subplots=True, layout=(1, 2), figsize=(9, 3), legend=False, rot=0);

# %% [markdown]
# 需要逐小班的结果时，写 `each_stand = true`，每个小班一行：
#
# *With `each_stand = true` every stand keeps its own row:*

# %%
single = attempt(project.replace('preset = "lincaoshi"', 'preset = "lincaoshi"\neach_stand = true'))
columns = ["region_code", "date", "stand", "species_group", "age_group", "area_ha", "growing_stock"]
single.activity.states.query("ecosystem == 'forest'")[columns].head(5)

# %% [markdown]
# 两种算法的合计一致：
#
# *Both give the same total:*

# %%
total = "ecosystem == 'all' and pool == 'all' and quantity == 'carbon_stock' and level == 'league'"
[round(one.account.query(total)["value"].sum()) for one in (run, single)]
