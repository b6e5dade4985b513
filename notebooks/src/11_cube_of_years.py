# %% [markdown]
# # 11 逐年的数据立方体
#
# 二十年逐年土地覆盖存成一个 Zarr 库，用 xarray 惰性打开：一次统计出二十年的面积，再核算其中几年。立方体由示范数据推演而成，**数字没有实际意义**。
#
# *A cube of twenty years in one Zarr store, opened lazily: areas of all years at once, and an account of some of them. The cube is
# spun from the demonstration data; the figures mean nothing.*

# %% [markdown]
# ## 做一个立方体 / A cube to begin with
#
# 鄂尔多斯一带。有自己的立方体时跳过这一格。2023 年与 2020 年不同的像元，逐步在二十年里变过来。
#
# *The land around Ordos. Skip this cell when you have a cube. Cells that differ between 2020 and 2023 change one after the other in the course of the years.*

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import rioxarray
import xarray as xr

import sinks

first, last = (
    rioxarray.open_rasterio(f"../data/raster/land_cover_{year}.tif").squeeze("band", drop=True).rio.clip_box(106.5, 37.5, 111.6, 41)
    for year in (2020, 2023)
)
when = np.random.default_rng(1).integers(2005, 2024, first.shape)
years = range(2004, 2024)
cube = xr.concat(
    [first.where(when > year, last).astype("uint8") for year in years],
    xr.DataArray(pd.to_datetime([f"{year}-07-01" for year in years]), dims="time", name="time"),
)
cube.attrs["_FillValue"] = 0
chunks = {"class": {"chunks": (1, 256, 256), "grid_mapping": "spatial_ref"}}
cube.rename("class").to_dataset().to_zarr("cube.zarr", encoding=chunks, consolidated=False)

# %% [markdown]
# ## 打开，一次统计二十年 / Opened, and twenty years counted at once

# %%
classes = xr.open_dataset("cube.zarr", engine="zarr", consolidated=False, decode_coords="all")["class"]
classes

# %%
regions = sinks.Project.build(
    project={"name": "cube", "title": "逐年", "dates": [2023]},
    regions={"builtin": "150000", "within": "150600", "levels": ["banner"]},
    land_cover={"files": classes.sel(time=["2023-07-01"]), "legend": "clcd"},
)
banners = sinks.check(regions).regions.units
found = sinks.tabulate(classes, banners, legend="clcd", name="name")
found.areas.query("region_name == '乌审旗' and ecosystem == 'grassland'").tail(4)

# %%
areas = found.areas.assign(date=found.areas["date"].astype(int)).pivot_table(
    values="area_ha", index="date", columns="ecosystem", aggfunc="sum"
)
figure, axes = plt.subplots(figsize=(6.4, 3), layout="constrained")
(areas[["forest", "cropland", "bare"]] / areas[["forest", "cropland", "bare"]].iloc[0] - 1).mul(100).plot(ax=axes)
axes.set_ylabel("% since 2004"), axes.set_xticks(range(2004, 2024, 5));

# %% [markdown]
# ## 核算其中四年 / An account of four of them
#
# 立方体的 `time` 就是年份；更早而不在核算里的年份是土地的来历。这里只取四年。
#
# *The time of the cube gives the years; years before the end that are not in the account would be the history of the land. Here four are taken.*

# %%
four = classes.sel(time=classes["time"].dt.year.isin([2004, 2010, 2016, 2023]))
project = sinks.Project.build(
    project={"name": "four", "title": "草地碳储量（练习）", "dates": [2004, 2010, 2016, 2023], "demonstration": True, "draws": 0},
    regions={"builtin": "150000", "within": "150600", "levels": ["banner"]},
    land_cover={"files": four, "legend": "clcd"},
    methodologies=[
        {"id": "grassland_tier1", "ecosystems": ["grassland"], "strata": {"climate_zone": "cool_temperate_dry"}},
    ],
)
run = sinks.run(project)
run.plot.series("carbon_stock", level="banner");

# %%
run.plot.waterfall("鄂尔多斯市", "2004-2023");

# %%
run.change("stock_change", "2004-2023")
