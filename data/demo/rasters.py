"""The demonstration rasters, all on one grid."""

from __future__ import annotations

from pathlib import Path

from demo import layers
from demo.cover import covers
from demo.frame import frame
from demo.write import write_raster


def make(folder: Path) -> None:
    """Write every raster into ``folder``."""
    on = frame()
    for date in ("2020", "2023"):
        write_raster(
            folder / f"land_cover_{date}.tif", on, covers()[date], 0,
            title=f"land cover {date}, CLCD codes 土地覆被", unit="class", smooth=False,
        )  # fmt: skip
        write_raster(
            folder / f"growing_stock_{date}.tif", on, layers.growing_stock()[date], layers.NO_STOCK,
            title=f"growing stock {date} 单位面积蓄积量", unit="m3/ha", smooth=True,
        )  # fmt: skip
        write_raster(
            folder / f"grass_cover_{date}.tif", on, layers.grass_cover()[date], layers.NO_BYTE,
            title=f"vegetation cover of grassland {date} 草原植被盖度", unit="%", smooth=True,
        )  # fmt: skip
        write_raster(
            folder / f"npp_{date}.tif", on, layers.npp()[date], 0,
            title=f"net primary production {date} 净初级生产力", unit="t C/ha/yr", smooth=True, scale=0.01,
        )  # fmt: skip
    strata = {
        "species_group": (layers.species_group(), "species group of forest 优势树种组"),
        "grassland_type": (layers.grassland_type(), "grassland type 草地类"),
        "ipcc_climate_zone": (layers.climate_zone(), "IPCC climate zone 气候区"),
        "ipcc_soil_class": (layers.soil_class(), "IPCC soil class 土壤类"),
    }
    for name, (values, title) in strata.items():
        write_raster(folder / f"{name}.tif", on, values, 0, title=title, unit="class", smooth=False)
