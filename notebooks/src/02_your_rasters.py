# %% [markdown]
# # 02 用自己的栅格
#
# 以 CLCD 那样的土地覆盖为例：写项目文件、读懂报错、个别类别另作解释、补上缺的参数。栅格由示范数据裁切改造而成，**数字没有实际意义**。
#
# *Your own rasters, with a CLCD-like land cover cut from the demonstration data: the figures mean nothing.*

# %% [markdown]
# ## 准备两期土地覆盖 / Two dates of land cover
#
# 裁出鄂尔多斯一带，按 CLCD 的样子存为 EPSG:4326。2023 年把库布齐的一块裸地改成第 11 类——图例里没有的“光伏”。
# 你有自己的文件时，跳过这一格。
#
# *Cut out around Ordos, EPSG:4326 as CLCD; in 2023 a patch of sand becomes class 11, which the legend does not have. Skip
# this cell when you have files of your own.*

# %%
from pathlib import Path

import rasterio
from rasterio.windows import from_bounds

import sinks

mine = Path("my_data")
mine.mkdir(exist_ok=True)
for year in (2020, 2023):
    with rasterio.open(f"../data/raster/land_cover_{year}.tif") as source:
        window = from_bounds(106.3, 37.5, 111.7, 41.0, source.transform).round_offsets().round_lengths()
        classes, transform = source.read(1, window=window), source.window_transform(window)
    if year == 2023:
        patch = classes[80:110, 240:320]
        patch[patch == 7] = 11
    profile = dict(driver="GTiff", dtype="uint8", count=1, crs="EPSG:4326", transform=transform, compress="deflate")
    with rasterio.open(mine / f"CLCD_{year}.tif", "w", height=classes.shape[0], width=classes.shape[1], **profile) as file:
        file.write(classes, 1)

# %% [markdown]
# ## 项目文件 / The project file
#
# 一个 TOML 文件说明全部：核算哪些年、哪些地区、用哪些图层、用什么方法。命令行 `sinks init` 会写一个带注释的样板。
# 这里故意写错两处。
#
# *One TOML file says it all; `sinks init` writes a commented one. Two mistakes are made here on purpose.*

# %%
project = """
[project]
name = "mine"
title = "鄂尔多斯市各旗区（练习）"
dates = [2020, 2023]
demonstration = true

[regions]
builtin = "150000"
within = "150600"
levels = ["banner"]

[land_cover]
legend = "clcd"
files = { 2020 = "my_data/CLCD_2O20.tif", 2023 = "my_data/CLCD_2023.tif" }

[strata.grassland_type]
file = "../data/raster/grassland_type.tif"
legend = "grassland_type"
ecosystems = ["grassland"]

[[methodologies]]
id = "lookup_density"
ecosystems = ["gras land"]
accounts_for = ["stock"]
strata = { species_group = "-" }
"""


def attempt(text):
    """写出项目文件并检查；有问题就显示出来。/ Write the project and check it; show what is wrong."""
    Path("mine.toml").write_text(text, encoding="utf-8")
    try:
        sinks.check("mine.toml")
        print("OK")
    except sinks.SinksError as error:
        print(error)


attempt(project)

# %% [markdown]
# 问题一次列全，每条都说明：哪里、发现什么、怎么改。英文也可以：
#
# *All problems at once: where, what was found, what to do. In English too:*

# %%
with sinks.using_language("en"):
    attempt(project)

# %% [markdown]
# ## 图例里没有的类别 / A class the legend lacks
#
# 改好两处之后可以运行。运行时遇到图例没有的代码，不会悄悄丢掉它的面积，而是停下来问：
#
# *With both corrected it runs, and meets a code that the legend lacks: its area is not dropped in silence.*

# %%
project = project.replace("2O20", "2020").replace("gras land", "grassland")
Path("mine.toml").write_text(project, encoding="utf-8")
try:
    sinks.run("mine.toml")
except sinks.SinksError as error:
    print(error)

# %% [markdown]
# 第 11 类算作城镇与工矿。内置图例里已有的类别也可以这样改，例如 `8 = "grassland"`。改动会写进 `run.json`，结果里看得到。
#
# *Class 11 is to count as built-up. Known classes are changed the same way; what was changed is kept in `run.json`.*

# %%
project += """
[land_cover.legend_overrides]
11 = { class = "photovoltaic", ecosystem = "urban", add = true }
"""
Path("mine.toml").write_text(project, encoding="utf-8")
try:
    sinks.run("mine.toml")
except sinks.SinksError as error:
    print(error)

# %% [markdown]
# ## 缺的参数 / Missing parameters
#
# 面积已经对了，但两类草地没有可查证的土壤碳密度。程序不拿别的类型顶替，只把要补的那一行原样给出。
# 用自己的调查数据补上：`basis` 写 `user`，出处照实写。
#
# *Two grassland types have no soil carbon density in any document: the row to add is printed. Give your own, with its source.*

# %%
Path("my_densities.csv").write_text(
    """# extends: lookup_density
parameter,ecosystem,class,species_group,grassland_type,value,unit,low,high,interval,distribution,basis,source,locator,note
soil_organic_carbon,grassland,,,lowland_meadow,60,t C/ha,48,72,95%,,user,虚构的旗草原站调查（练习）,表 1,0-100 cm
soil_organic_carbon,grassland,,,marsh,75,t C/ha,55,95,95%,,user,虚构的旗草原站调查（练习）,表 1,0-100 cm
""",
    encoding="utf-8",
)
project = project.replace('strata = { species_group = "-" }', 'strata = { species_group = "-" }\nparameters = "my_densities.csv"')
Path("mine.toml").write_text(project, encoding="utf-8")
run = sinks.run("mine.toml")
run

# %% [markdown]
# 这里只要储量（`accounts_for = ["stock"]`）：两期分类图的密度相减，会把分类误差也当成碳汇。光伏占地从裸地转来，在转移数据里可以看到：
#
# *Only the stock is asked for: differences of densities between two maps would take errors of classification for a sink. The
# new photovoltaic land shows among the transitions:*

# %%
changes = run.activity.changes.query("class_to == 'photovoltaic'")
changes.groupby(["class_from", "class_to"])[["area_ha"]].sum().round(1)

# %% [markdown]
# 生物量的参数也缺，但缺的是“没有估算”，不是零；检查里写明了是哪些：
#
# *What is not estimated is not zero; the checks name it:*

# %%
run.checks.query("check == 'not_estimated'")[["status", "detail_zh", "detail_en"]]

# %%
run.plot.bars("carbon_stock", period="2023");
