"""The project file: what to account for, from which layers, by which methodologies.

A project is a TOML file.  It is read into frozen models in which unknown keys are forbidden, so that a misspelt key is
an error and not a silently ignored wish; every path in it is relative to the file itself.  The project is written back
in full, every default filled in, with each run, and can be read again from there.
"""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Iterator, Mapping
from itertools import pairwise
from os.path import normpath
from pathlib import Path
from typing import Any

from pydantic import Field, PrivateAttr, ValidationError

from sinks.activity import LAND_COVER
from sinks.errors import Problems, ProjectError, path_of
from sinks.objects import Held, is_object
from sinks.project.account import ProjectSection
from sinks.project.accuracy import AccuracySection
from sinks.project.assessment import AssessmentSection
from sinks.project.base import STATIC, Section
from sinks.project.build import held_content
from sinks.project.derived import DerivedInputSection, DeriveSection
from sinks.project.explain import explain, with_rest
from sinks.project.land_survey import LandSurveySection
from sinks.project.listed_names import known, note_repeats
from sinks.project.map_noise import MapNoiseSection
from sinks.project.methods import CorrelationSection, MethodologySection, NominalErrorsSection
from sinks.project.names import COLUMNS, MOST_BYTES, is_name
from sinks.project.planning import PotentialSection, RestorationSection
from sinks.project.projection import ProjectionSection
from sinks.project.rasters import InputSection, LandCoverSection, MonthlyInputSection, RasterSection, StratumSection
from sinks.project.regions import BuiltinRegions, FileRegions
from sinks.project.shown import as_html, as_line
from sinks.project.stac import with_items
from sinks.project.tables import TableSection
from sinks.project.vectors import VectorSection
from sinks.provenance import InputFile
from sinks.trust.territory import Territory
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
    projection: ProjectionSection | None = Field(
        default=None, description="Stands by age class, grown to years to come with and without a project."
    )
    accuracy: AccuracySection | None = Field(default=None, description="Accuracy assessment of the land-cover map.")
    land_survey: LandSurveySection | None = Field(
        default=None, description="Official areas of a land survey, beside those of the account."
    )
    map_noise: MapNoiseSection | None = Field(default=None, description="How the errors of the land-cover maps behave.")
    no_carbon: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="Pools that hold no carbon, by ecosystem: {bare = ['biomass']}; an assumption, printed as such.",
    )
    correlations: tuple[CorrelationSection, ...] = Field(default=(), description="Parameters that are wrong together.")
    nominal_errors: NominalErrorsSection | None = Field(
        default=None, description="Intervals by rule for parameters that have none."
    )
    areas: dict[str, str] = Field(default_factory=dict, description="Layer that an ecosystem's area is taken from.")
    methodologies: tuple[MethodologySection, ...] = Field(default=(), description="What accounts for what.")
    methodology_files: tuple[str, ...] = Field(default=(), description="Methodologies of your own: .py or .csv.")

    folder: Path = Field(default=Path(), exclude=True)

    _recorded: tuple[InputFile, ...] = PrivateAttr(default=())
    _file: Path | None = PrivateAttr(default=None)
    _objects: dict[str, Held] = PrivateAttr(default_factory=dict)

    @classmethod
    def read(cls, path: str | Path) -> Project:
        """Read a project from a TOML file, or from the ``run.json`` of a finished run."""
        path = path_of(path, ProjectError)
        if not path.is_file():
            raise _one("project.missing", path)
        if path.suffix == ".json":
            return _from_record(path)
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        except UnicodeDecodeError:
            raise _one("project.encoding", path) from None
        except RecursionError:
            raise _one("project.too_deep", path) from None
        except ValueError as error:
            # Not only TOMLDecodeError: Python refuses to read a number of thousands of digits.
            raise _one("project.syntax", path, detail=str(error)) from None
        folder = path.resolve().parent
        project = cls.from_dict(content, folder=folder, where=str(path), territory=Territory.of(folder))
        project._file = path
        return project

    @classmethod
    def build(cls, *, folder: str | Path = ".", **sections: Any) -> Project:
        """Put a project together in Python; wherever a path may stand, an object may.

        Parameters
        ----------
        folder : str or Path
            What paths are relative to.
        **sections
            The sections of the project file by their names: ``project``, ``regions``, ``land_cover``, ``strata``,
            ``inputs``, ``methodologies`` and so on, each as it stands there.  Rasters may be ``xarray.DataArray`` with
            ``rio.crs``, numpy, dask or opened lazily; a dimension ``time``, ``date`` or ``year`` gives the dates.
            Regions, stands and zones may be ``GeoDataFrame``; tables, legends and parameters ``DataFrame``
            (``attrs["extends"]`` for parameters that extend a methodology's).

        Returns
        -------
        Project
            It keeps the objects; arrays are read chunk by chunk when it is run, never as a whole.

        Raises
        ------
        ProjectError
            With everything that is wrong, each by the name of its argument.
        """
        where = "Project.build"
        content, objects = held_content(sections, where)
        return cls.from_dict(content, folder=path_of(folder, ProjectError).resolve(), where=where, objects=objects)

    @classmethod
    def from_dict(
        cls,
        content: Mapping[str, Any],
        *,
        folder: str | Path,
        where: str = "project",
        objects: Mapping[str, Held] | None = None,
        territory: Territory | None = None,
    ) -> Project:
        """Check a project given as a dictionary; ``folder`` is what its paths are relative to.

        ``objects`` are those that the names of objects in it stand for; STAC items beyond ``territory`` need consent.
        """
        if not isinstance(content, Mapping):
            raise _one("project.not_a_table", where, found=type(content).__name__)
        folder, problems = path_of(folder, ProjectError), Problems()
        content = with_items(content, folder, where, problems, territory)
        of_items = len(problems)
        try:
            project = cls.model_validate({**content, "folder": folder})
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                explain(detail, content, cls, where, problems)
            raise with_rest(problems, None if of_items else cls._without(content, folder, error)) from error
        project._objects = dict(objects or {})
        project._check(where, problems)
        if len(problems):
            raise with_rest(problems, None if of_items else project)
        return project

    @classmethod
    def _without(cls, content: Mapping[str, Any], folder: Path, error: ValidationError) -> Project | None:
        """The project without the keys that are unknown; None where more than that is wrong."""
        details = error.errors(include_url=False)
        if any(detail["type"] != "extra_forbidden" for detail in details):
            return None
        try:
            kept: Any = copy.deepcopy({**content})
        except RecursionError:
            return None
        for detail in details:
            section: Any = kept
            try:
                for name in detail["loc"][:-1]:
                    section = section[name]
                del section[detail["loc"][-1]]
            except (KeyError, IndexError, TypeError):
                return None
        try:
            return cls.model_validate({**kept, "folder": folder})
        except ValidationError:
            return None

    @classmethod
    def from_record(cls, record: Any, path: Path, objects: Mapping[str, Held] | None = None) -> Project:
        """The project of the record of a run, which stands in ``path`` or came from there.

        ``objects`` are those that the run was made from, while they are at hand.

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
        beyond = Territory.of(folder, own=False)
        project = cls.from_dict(content, folder=folder, where=str(path), objects=objects, territory=beyond)
        project._file, project._recorded = path, recorded
        return project

    @property
    def recorded(self) -> tuple[InputFile, ...]:
        """The input files as an earlier run had them, when the project was read from its ``run.json``."""
        return self._recorded

    @property
    def objects(self) -> dict[str, Held]:
        """The objects that stand in the place of files, by the name that the project has for them."""
        return dict(self._objects)

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
        if not self.project.land_history:
            return ()
        files = self.land_cover.by_date if self.land_cover else {}
        return tuple(sorted(date for date in files if date not in (*self.dates, STATIC) and date < self.dates[-1]))

    @property
    def area_source(self) -> dict[str, str]:
        """The layer that each ecosystem's area is taken from."""
        default = LAND_COVER if self.land_cover else next(iter([*self.vectors, *self.tables]), LAND_COVER)
        return {name: self.areas.get(name, default) for name in ecosystems()}

    def path(self, name: str) -> str:
        """A path of the project file made absolute; GDAL strings such as ``NETCDF:"f.nc":v`` keep their form."""
        if re.match(r"^(/vsi|https?://|s3://|gs://)", name) or is_object(name):
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
        named += [(f"projection.{place}", name) for place, name in (self.projection.files() if self.projection else ())]
        if survey := self.land_survey:
            named += [("land_survey.file", survey.file), ("land_survey.classes", survey.classes)]
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

    def __repr__(self) -> str:
        return as_line(self.record())

    __str__ = __repr__

    def _repr_html_(self) -> str:
        return as_html(self.record(), self._objects)

    def __dir__(self) -> list[str]:
        """Sections, and what this class adds to them; not the machinery of the models."""
        own = [name for name in vars(Project) if not name.startswith(("_", "model_"))]
        return sorted({*type(self).model_fields, *own})

    def _check(self, where: str, problems: Problems) -> None:
        """What no single section can know: names that must exist, dates that must be there."""
        if len(set(self.project.dates)) < len(self.project.dates):
            problems.add("project.date_twice", f"{where}: project.dates", dates=list(self.project.dates))
        if not (self.land_cover or self.vectors or self.tables):
            problems.add("project.no_layers", where)
        if not is_name(self.project.name):
            problems.add("project.not_a_name", f"{where}: project.name", found=self.project.name, most=MOST_BYTES)
        self._check_layer_names(where, problems)
        self._check_rasters(where, problems)
        self._check_names(where, problems)
        if self.map_noise and not self.land_cover:
            problems.add("noise.no_land_cover", f"{where}: map_noise")
        if self.map_noise and self.map_noise.overall_accuracy and self.accuracy:
            problems.add("noise.accuracy_twice", f"{where}: map_noise.overall_accuracy")
        for place, name in self.files():
            if is_object(name):
                if name not in self._objects:
                    problems.add("objects.gone", f"{where}: {place}", name=name)
            elif "://" not in name and ":" not in name[2:] and not name.startswith("/vsi") and not _there(name):
                problems.add("project.no_file", f"{where}: {place}", file=name)

    def _check_layer_names(self, where: str, problems: Problems) -> None:
        """Layers are sources and columns of the activity table, and must be told apart from its own."""
        sections = ("strata", "inputs", "monthly_inputs", "derived_inputs", "vectors", "tables", "derive")
        for section in sections:
            for name in getattr(self, section):
                if not is_name(name):
                    problems.add("project.not_a_name", f"{where}: {section}", found=name, most=MOST_BYTES)
                elif name in COLUMNS:
                    problems.add("project.name_taken", f"{where}: {section}.{name}", name=name)

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
            if date != STATIC and not re.fullmatch(r"[0-9]{4}", date):
                problems.add("project.not_a_year", f"{where}: land_cover.files", found=date)
        if self.land_cover and STATIC in self.land_cover.by_date and len(self.dates) > 1:
            problems.add("project.static_land_cover", f"{where}: land_cover", dates=self.dates)
        if (self.strata or self.inputs or self.monthly_inputs) and not self.land_cover:
            problems.add("project.no_land_cover", where)

    def _check_names(self, where: str, problems: Problems) -> None:
        inputs = [q.id for q in quantities().values() if q.kind == "input"]
        for name, section in self.inputs.items():
            known(section.quantity or name, inputs, f"{where}: inputs.{name}", "project.quantity", problems)
        first = month_id("", MONTHS[0])
        monthly = [name.removesuffix(first) for name in inputs if name.endswith(first)]
        for name, series in self.monthly_inputs.items():
            known(series.quantity or name, monthly, f"{where}: monthly_inputs.{name}", "project.quantity", problems)
            if twice := [one for month in MONTHS if (one := month_id(name, month)) in self.inputs]:
                problems.add("project.month_twice", f"{where}: monthly_inputs.{name}", names=twice)
        for name, derived in self.derived_inputs.items():
            known(derived.quantity or name, inputs, f"{where}: derived_inputs.{name}", "project.quantity", problems)
            if derived.vegetation is not None:
                layers = [*([LAND_COVER] if self.land_cover else []), *self.strata]
                known(derived.vegetation, layers, f"{where}: derived_inputs.{name}", "project.source", problems)
            if name in self.inputs:
                problems.add("project.input_twice", f"{where}: derived_inputs.{name}", name=name)
        for name, stratum in self.strata.items():
            for ecosystem in stratum.ecosystems or ():
                known(ecosystem, ecosystems(), f"{where}: strata.{name}", "project.ecosystem", problems)
        sources = [*([LAND_COVER] if self.land_cover else []), *self.vectors, *self.tables]
        for name, source in self.areas.items():
            known(name, ecosystems(), f"{where}: areas", "project.ecosystem", problems)
            known(source, sources, f"{where}: areas.{name}", "project.source", problems)
        for name, without in self.no_carbon.items():
            known(name, ecosystems(), f"{where}: no_carbon", "project.ecosystem", problems)
            for pool in without:
                known(pool, pools(), f"{where}: no_carbon.{name}", "project.pool", problems)
        self._check_methodologies(where, sources, problems)
        note_repeats(self, where, problems)

    def _check_methodologies(self, where: str, sources: list[str], problems: Problems) -> None:
        for number, method in enumerate(self.methodologies, 1):
            place = f"{where}: methodologies[{number}] ({method.id})"
            for name in method.ecosystems:
                known(name, ecosystems(), place, "project.ecosystem", problems)
            for name in method.pools or ():
                known(name, pools(), place, "project.pool", problems)
            if method.source:
                known(method.source, sources, place, "project.source", problems)


def _one(id: str, where: object, **values: Any) -> ProjectError:
    problems = Problems()
    problems.add(id, where, **values)
    return ProjectError(*problems)


def _from_record(path: Path) -> Project:
    """The project of a finished run, to run it again."""
    import json

    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise _one("project.not_a_record", path) from None
    return Project.from_record(record, path)


def _there(name: str) -> bool:
    """Whether there is such a file; no file has a name that the system does not allow."""
    try:
        return Path(name).exists()
    except (OSError, ValueError):
        return False
