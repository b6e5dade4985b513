"""The sections of raster layers: land cover, strata, inputs and inputs by month."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from sinks.project.base import STATIC, Bands, Files, KeysAsText, Section, UncertainSection
from sinks.vocabulary import MONTH


class RasterSection(Section):
    """What every raster layer says: one file for each date, or one for all."""

    files: Files | None = Field(default=None, description="A file for each date: {2020 = ..., 2023 = ...}.")
    file: str | None = Field(
        default=None,
        description="One file for all dates; or a STAC item, an ItemCollection or a folder of items, each by its date.",
    )
    asset: str | None = Field(
        default=None, exclude=True, description="Which asset of STAC items; needed where several of them are rasters."
    )
    band: int | None = Field(default=None, ge=1, description="Band to read; must be said where a file has several.")
    bands: Bands = Field(
        default_factory=dict, description="Band of each date, where one file holds several: {2020 = 21, 2022 = 23}."
    )
    accept: tuple[Literal["other_year", "mask_band", "fraction", "zeros"], ...] = Field(
        default=(),
        description="Doubts that are settled: other_year (a file named after another year stands for a date), "
        "mask_band (a band of 0 and 255 is data and hides no cell), "
        "fraction (a share in percent that is nowhere beyond one), zeros (cells of value 0 were observed).",
    )
    nodata: float | None = Field(default=None, description="Value of unobserved cells, when the file does not say it.")
    crs: str | None = Field(default=None, description="CRS, when the file does not say it or says it wrongly.")
    resampling: str | None = Field(
        default=None, description="How to bring another grid onto the land cover's; must be said if the grids differ."
    )

    @model_validator(mode="after")
    def _one_kind_of_file(self) -> Self:
        if (self.files is None) == (self.file is None):
            raise ValueError("files_or_file")
        if self.asset is not None:
            raise ValueError("asset_without_item")  # items have become files by now, and their asset is settled
        if self.bands and self.band is not None:
            raise ValueError("band_or_bands")
        if self.bands and self.files is not None and set(self.bands) != set(self.files):
            raise ValueError("bands_dates")
        return self

    @property
    def by_date(self) -> dict[str, str]:
        """The path of each date, or of ``"static"``."""
        if self.files is not None:
            return dict(self.files)
        return dict.fromkeys(self.bands or (STATIC,), str(self.file))


class LandCoverSection(RasterSection):
    """``[land_cover]``: the layer whose grid is the reference grid."""

    files: Files | None = Field(
        default=None,
        description="A file for each date: {2020 = ..., 2023 = ...}. Earlier years are history, for land that is still "
        "changing.",
    )
    product: str | None = Field(
        default=None, description="Name and edition of the product; a series is not continued with another one."
    )
    legend: str = Field(description="Legend: a built-in id (clcd, glc_fcs30d, ...) or a CSV of your own.")
    legend_overrides: Annotated[dict[str, Any], KeysAsText] = Field(
        default_factory=dict, description="Classes read otherwise: {8 = 'grassland'}."
    )


class StratumSection(RasterSection):
    """``[strata.<name>]``: a categorical layer that splits the land further."""

    legend: str = Field(description="Legend: a built-in id or a CSV of your own.")
    ecosystems: tuple[str, ...] | None = Field(
        default=None, min_length=1, description="Ecosystems that it divides; by default all of them."
    )


class InputSection(UncertainSection, RasterSection):
    """``[inputs.<name>]``: a continuous layer, averaged over each stratum."""

    quantity: str | None = Field(default=None, description="What is measured; by default the layer's name.")
    unit: str | None = Field(default=None, description="Unit of the values; by default that of the quantity.")
    scale: float | None = Field(
        default=None,
        description="Stored value x scale + offset = value in the unit; by default what the file declares.",
    )
    offset: float | None = Field(default=None, description="See scale.")


class MonthlyInputSection(InputSection):
    """``[monthly_inputs.<name>]``: a layer for each month: 12 bands of a file, or files with {month} in their name."""

    unit: str = Field(description="Unit of the values; always said, since monthly series come in many.")

    @model_validator(mode="after")
    def _all_months(self) -> Self:
        by_month = [MONTH in name for name in self.by_date.values()]
        if any(by_month) != all(by_month):
            raise ValueError("months_mixed")
        if (self.band is not None or self.bands) and not all(by_month):
            raise ValueError("months_band")
        return self

    @property
    def by_month(self) -> bool:
        """Whether each month has a file of its own; else the months are the bands of one file."""
        return any(MONTH in name for name in self.by_date.values())

    def of_month(self, month: int) -> dict[str, str]:
        """The path of each date for one month."""
        return {date: name.replace(MONTH, f"{month:02d}") for date, name in self.by_date.items()}
