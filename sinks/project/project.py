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
from typing import Any, get_args

from pydantic import BaseModel, Field, PrivateAttr, ValidationError
from pydantic_core import ErrorDetails

from sinks.activity import LAND_COVER
from sinks.errors import Problems, ProjectError
from sinks.project.assessment import AssessmentSection, PotentialSection, RestorationSection
from sinks.project.sections import (
    STATIC,
    AccuracySection,
    BuiltinRegions,
    CorrelationSection,
    DerivedInputSection,
    DeriveSection,
    FileRegions,
    InputSection,
    LandCoverSection,
    MethodologySection,
    MonthlyInputSection,
    ProjectSection,
    RasterSection,
    Section,
    StratumSection,
    TableSection,
    VectorSection,
)
from sinks.provenance import InputFile
from sinks.text import message
from sinks.vocabulary import MONTHS, ecosystems, month_id, pools, quantities


class Project(Section):
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
    monthly_inputs: dict[str, MonthlyInputSection] = Field(default_factory=dict)
    derived_inputs: dict[str, DerivedInputSection] = Field(default_factory=dict)
    vectors: dict[str, VectorSection] = Field(default_factory=dict)
    tables: dict[str, TableSection] = Field(default_factory=dict)
    derive: dict[str, DeriveSection] = Field(default_factory=dict)
    assessment: AssessmentSection | None = Field(default=None, description="Dual control and what goes with it.")
    restoration: RestorationSection | None = Field(default=None, description="Projects whose effect is measured.")
    potential: PotentialSection | None = Field(default=None, description="Land suited for planting, and plans for it.")
    accuracy: AccuracySection | None = Field(default=None, description="Accuracy assessment of the land-cover map.")
    correlations: tuple[CorrelationSection, ...] = Field(default=(), description="Parameters that are wrong together.")
    areas: dict[str, str] = Field(default_factory=dict, description="Layer that an ecosystem's area is taken from.")
    methodologies: tuple[MethodologySection, ...] = Field(default=(), description="What accounts for what.")
    methodology_files: tuple[str, ...] = Field(default=(), description="Methodologies of your own: .py or .csv.")

    folder: Path = Field(default=Path(), exclude=True)

    _recorded: tuple[InputFile, ...] = PrivateAttr(default=())
    _file: Path | None = PrivateAttr(default=None)

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
        project = cls.from_dict(content, folder=path.resolve().parent, where=str(path))
        project._file = path
        return project

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

    @classmethod
    def from_record(cls, record: Any, path: Path) -> Project:
        """The project of the record of a run, which stands in ``path`` or came from there.

        Raises
        ------
        ProjectError
            It is no record of a run, or its project cannot be used.
        """
        try:
            content, folder = record["project"], Path(record["folder"])
            recorded = tuple(InputFile.from_json(file) for file in record["inputs"])
        except (KeyError, TypeError):
            raise _one("project.not_a_record", path) from None
        project = cls.from_dict(content, folder=folder, where=str(path))
        project._file, project._recorded = path, recorded
        return project

    @property
    def recorded(self) -> tuple[InputFile, ...]:
        """The input files as an earlier run had them, when the project was read from its ``run.json``."""
        return self._recorded

    @property
    def file(self) -> Path | None:
        """The file that the project was read from; None for one that was put together in Python."""
        return self._file

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
    def history(self) -> tuple[str, ...]:
        """Years of the land cover that are not in the account but before its end: they tell how land came about."""
        files = self.land_cover.by_date if self.land_cover else {}
        return tuple(sorted(date for date in files if date not in (*self.dates, STATIC) and date < self.dates[-1]))

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
        named += [(f"derived_inputs.{name}.parameters", d.parameters) for name, d in self.derived_inputs.items()]
        named += [(f"methodologies[{n}].parameters", m.parameters) for n, m in enumerate(self.methodologies, 1)]
        named += [("methodology_files", name) for name in self.methodology_files]
        named += [(f"assessment.{place}", name) for place, name in (self.assessment.files() if self.assessment else ())]
        named += [("restoration.file", self.restoration.file)] if self.restoration else []
        named += [(f"potential.{place}", name) for place, name in (self.potential.files() if self.potential else ())]
        yield from ((place, self.path(name)) for place, name in named if name)
        yield from self._dated("accuracy.matrix", self.accuracy.by_date if self.accuracy else {})

    def _layer_files(self) -> Iterator[tuple[str, str]]:
        if self.land_cover:
            yield from self._dated("land_cover", self.land_cover.by_date)
        for kind, sections in (("strata", self.strata), ("inputs", self.inputs)):
            for name, raster in sections.items():
                yield from self._dated(f"{kind}.{name}", raster.by_date)
        for name, monthly in self.monthly_inputs.items():
            for month in MONTHS if monthly.by_month else MONTHS[:1]:
                place = f"monthly_inputs.{month_id(name, month) if monthly.by_month else name}"
                yield from self._dated(place, monthly.of_month(month))
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
        rasters |= {f"monthly_inputs.{name}": section for name, section in self.monthly_inputs.items()}
        for place, section in rasters.items():
            missing = [d for d in self.dates if d not in section.by_date and STATIC not in section.by_date]
            if missing:
                problems.add("project.date_missing", f"{where}: {place}.files", missing=missing, dates=self.dates)
            # A stratum is part of what land was; the mean of an input is not asked for before the account begins.
            past = [d for d in self.history if d not in section.by_date and STATIC not in section.by_date]
            if past and isinstance(section, StratumSection):
                problems.add("project.history_missing", f"{where}: {place}.files", missing=past)
        for date in self.land_cover.by_date if self.land_cover else ():
            if date != STATIC and not re.fullmatch(r"\d{4}", date):
                problems.add("project.not_a_year", f"{where}: land_cover.files", found=date)
        if self.land_cover and STATIC in self.land_cover.by_date and len(self.dates) > 1:
            problems.add("project.static_land_cover", f"{where}: land_cover", dates=self.dates)
        if (self.strata or self.inputs or self.monthly_inputs) and not self.land_cover:
            problems.add("project.no_land_cover", where)

    def _check_names(self, where: str, problems: Problems) -> None:
        inputs = [q.id for q in quantities().values() if q.kind == "input"]
        for name, section in self.inputs.items():
            _known(section.quantity or name, inputs, f"{where}: inputs.{name}", "project.quantity", problems)
        first = month_id("", MONTHS[0])
        monthly = [name.removesuffix(first) for name in inputs if name.endswith(first)]
        for name, series in self.monthly_inputs.items():
            _known(series.quantity or name, monthly, f"{where}: monthly_inputs.{name}", "project.quantity", problems)
            if twice := [one for month in MONTHS if (one := month_id(name, month)) in self.inputs]:
                problems.add("project.month_twice", f"{where}: monthly_inputs.{name}", names=twice)
        for name, derived in self.derived_inputs.items():
            _known(derived.quantity or name, inputs, f"{where}: derived_inputs.{name}", "project.quantity", problems)
            if derived.vegetation is not None:
                layers = [*([LAND_COVER] if self.land_cover else []), *self.strata]
                _known(derived.vegetation, layers, f"{where}: derived_inputs.{name}", "project.source", problems)
            if name in self.inputs:
                problems.add("project.input_twice", f"{where}: derived_inputs.{name}", name=name)
        for name, stratum in self.strata.items():
            for ecosystem in stratum.ecosystems or ():
                _known(ecosystem, ecosystems(), f"{where}: strata.{name}", "project.ecosystem", problems)
        sources = [*([LAND_COVER] if self.land_cover else []), *self.vectors, *self.tables]
        for name, source in self.areas.items():
            _known(name, ecosystems(), f"{where}: areas", "project.ecosystem", problems)
            _known(source, sources, f"{where}: areas.{name}", "project.source", problems)
        self._check_methodologies(where, sources, problems)

    def _check_methodologies(self, where: str, sources: list[str], problems: Problems) -> None:
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
    except ValueError:
        raise _one("project.not_a_record", path) from None
    return Project.from_record(record, path)


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
    if loc[:2] == ["project", "dates"] and kind not in ("extra_forbidden", "missing"):
        problems.add("project.bad_date", place, found=repr(found))
        return
    if kind == "extra_forbidden":
        problems.add("project.unknown_key", place, found=loc[-1], near=_near(str(loc[-1]), _siblings(loc, content)))
    elif kind == "missing":
        problems.add("project.missing_key", place, key=loc[-1])
    elif kind == "value_error":
        problems.add(f"project.{detail['msg'].removeprefix('Value error, ')}", place)
    else:
        problems.add("project.bad_value", place, found=_as_written(found), expected=_expected(detail))


_EXPECTED = {
    "less_than_equal": "project.at_most",
    "greater_than_equal": "project.at_least",
    "greater_than": "project.above",
    "literal_error": "project.one_of",
    "string_type": "project.text",
    "bool_type": "project.true_or_false",
    "bool_parsing": "project.true_or_false",
    "tuple_type": "project.list",
    "dict_type": "project.table",
    "model_type": "project.table",
    "int_type": "project.integer",
    "int_parsing": "project.integer",
    "int_from_float": "project.integer",
    "float_type": "project.number",
    "float_parsing": "project.number",
}


def _expected(detail: ErrorDetails) -> str:
    """What pydantic expected, in the user's language; its own words where it says something rare."""
    id = _EXPECTED.get(detail["type"])
    values = {name: str(value).replace(" or ", ", ") for name, value in detail.get("ctx", {}).items()}
    return message(id, **values) if id else detail["msg"]


def _as_written(value: object) -> str:
    """A value as it stands in TOML."""
    return str(value).lower() if isinstance(value, bool) else repr(value).replace("'", '"')


def _siblings(loc: list[int | str], content: Mapping[str, Any]) -> list[str]:
    """Keys that may stand where an unknown one stood."""
    if len(loc) == 1:
        return [name for name, field in Project.model_fields.items() if not field.exclude]
    models = _models_in(Project.model_fields[str(loc[0])].annotation)
    if loc[0] == "regions":
        models = iter([FileRegions if "file" in content.get("regions", {}) else BuiltinRegions])
    return [field.alias or name for model in models for name, field in model.model_fields.items()]


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    """The sections that an annotation such as ``dict[str, InputSection]`` allows."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)
