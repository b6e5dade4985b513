# %% [markdown]
# # 逐年核算的系列 / Year after year
#
# 一个系列是一组核算结果的档案。这里用四年的小图开始一个系列，逐年加入，换一种图例重算，再看哪些数字能连成一条线。
# 地图由本页生成，数字没有实际意义。
#
# *A series is an archive of runs. Here it is begun with small maps, continued year by year, made anew with another
# legend, and read. The maps are made on this page; their figures mean nothing.*

# %%
from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
from rasterio.transform import Affine
from shapely.geometry import box

import sinks
from sinks.series import Series

folder = Path("series_maps")
folder.mkdir(exist_ok=True)
years = [2020, 2021, 2022, 2023]
rng = np.random.default_rng(13)
land = rng.choice(np.array([2, 4, 4, 7], np.uint8), (40, 60))
grid = {"driver": "GTiff", "height": 40, "width": 60, "count": 1, "crs": "EPSG:4490", "nodata": 0}
grid |= {"transform": Affine(0.02, 0, 109.0, 0, -0.02, 41.0)}
for year in years:
    with rasterio.open(folder / f"cover_{year}.tif", "w", dtype="uint8", **grid) as dataset:
        dataset.write(land, 1)
    grown = (rng.random(land.shape) < 0.02) & (land == 7)
    land = np.where(grown, np.uint8(4), land)
with rasterio.open(folder / "grass.tif", "w", dtype="uint8", **grid) as dataset:
    dataset.write(rng.choice(np.array([2, 3], np.uint8), land.shape), 1)
with rasterio.open(folder / "species.tif", "w", dtype="uint8", **grid) as dataset:
    dataset.write(np.full(land.shape, 2, np.uint8), 1)
halves = [box(109.0, 40.2, 109.6, 41.0), box(109.6, 40.2, 110.2, 41.0)]
names = {"code": ["150200", "150600"], "name": ["西半", "东半"], "parent": ["150000"] * 2}
gpd.GeoDataFrame(names, geometry=halves, crs=4490).to_file(folder / "halves.gpkg")


# %% [markdown]
# ## 每年一个项目 / A project for each year
#
# 以后每年的项目只需要上一年和这一年的图。`land_history = false` 时每两年之间自成一步。
#
# *Each later project has the last year and the new one. With `land_history = false` every step stands by itself.*


# %%
def project(*dates: int, **legend: object) -> sinks.Project:
    """A project over some of the years."""
    content = {
        "project": {
            "name": "series",
            "title": "逐年核算",
            "dates": list(dates),
            "draws": 20,
            "land_history": False,
            "demonstration": True,
        },
        "regions": {"file": "halves.gpkg", "code": "code", "name": "name", "parent": "parent"},
        "land_cover": {
            "legend": "clcd",
            "product": "CLCD",
            "files": {str(date): f"cover_{date}.tif" for date in dates},
            **legend,
        },
        "strata": {
            "grassland_type": {"file": "grass.tif", "legend": "grassland_type", "ecosystems": ["grassland"]},
            "species_group": {"file": "species.tif", "legend": "species_group", "ecosystems": ["forest"]},
        },
        "methodologies": [{"id": "lookup_density", "ecosystems": ["forest", "grassland"]}],
    }
    return sinks.Project.from_dict(content, folder=folder)


series = Series.open("archive", new=True)
series = series.add(project(2020, 2021))
series = series.add(project(2021, 2022))
series = series.add(project(2022, 2023))
series.register.table()[["vintage", "status", "made", "base", "dates"]]

# %% [markdown]
# 加入 2023 年只读了 2022 和 2023 年的图；结果与一次读完所有图的核算完全相同。
#
# *Only the maps of 2022 and 2023 were read for the last vintage; it is the same as one run over all maps.*

# %%
inputs = series.inputs()
read = inputs.loc[inputs["vintage"] == "2023-1", "path"]
print(sorted(Path(path).name for path in read))
whole = sinks.run(project(*years))
print(series.run().account.equals(whole.account))

# %%
series.run().plot.series("carbon_stock")

# %% [markdown]
# ## 重算 / Recalculation
#
# 把裸地（7）改判为草地，所有年份都要重算；重算表逐年逐地区列出旧值、新值、差和原因，各原因加起来等于差。
#
# *Barren land (7) is now read as grassland: all years are made anew, and a table explains the difference.*

# %%
series = series.recalculate(project(*years, legend_overrides={"7": "grassland"}), "荒漠草原并入草地")
table = series.run().contents.tables["recalculation"]
table[(table["quantity"] == "carbon_stock") & (table["region_code"] == "150000")].drop(
    columns=["changed", "region_code"]
)

# %%
whole, parts = table[table["cause"] == "all"], table[table["cause"] != "all"]
keys = ["quantity", "region_code", "period"]
left = whole.set_index(keys)["difference"] - parts.groupby(keys)["difference"].sum()
print("最大余差 / largest remainder (t):", float(left.abs().max().round(6)))

# %%
series.years()
