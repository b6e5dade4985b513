"""Find methodologies: in installed packages, in ``.py`` files, and as ``.csv`` tables that extend one."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from sinks.calls import spoken
from sinks.errors import MethodologyError, ParameterError, Problem, Problems, SinksError
from sinks.folds import folded, nouns, pairs, part
from sinks.methodology.bound import Bound
from sinks.methodology.contract import check
from sinks.methodology.spec import Methodology
from sinks.parameters import Crosswalk, ParameterTable, extended_id
from sinks.provenance import Source, read_sources
from sinks.text import Text, message

ENTRY_POINTS = "sinks.methodologies"
ATTRIBUTE = "METHODOLOGY"

# How alike two names are that are taken for a slip of the pen (difflib's ratio, its own default being 0.6).
_NEAR = 0.8


@dataclass(frozen=True)
class _Place:
    """Where a methodology is to be loaded from: a module of a package, or a file."""

    id: str
    path: Path
    module: str | None = None

    @property
    def origin(self) -> str:
        return str(self.path) if self.module is None else self.module


class Registry:
    """The methodologies that a project can use, each loaded and checked when it is first asked for.

    Parameters
    ----------
    files : iterable of path, optional
        Methodologies of the project: ``.py`` with a ``METHODOLOGY``, or ``.csv`` whose first line is ``# extends: ID``.
        An id is the name of its file.
    packages : iterable of str, optional
        Packages whose modules are methodologies; by default those of the entry points ``sinks.methodologies``.

    Raises
    ------
    MethodologyError
        A file is not there, or two methodologies have one id.
    """

    @spoken
    def __init__(self, files: Iterable[Path | str] = (), packages: Iterable[str] | None = None) -> None:
        problems = Problems()
        self._places: dict[str, _Place] = {}
        self._loaded: dict[str, Bound] = {}
        self._sources: dict[Path, dict[str, Source]] = {}
        found = list(_in_packages(_installed() if packages is None else packages))
        for place in (*found, *_in_files(files, problems)):
            if place.id in self._places:
                other = self._places[place.id].origin
                problems.add("methodology.id_twice", place.origin, id=place.id, other=other)
            else:
                self._places[place.id] = place
        problems.raise_as(MethodologyError)

    @property
    def ids(self) -> tuple[str, ...]:
        """Every methodology's id, in alphabetical order."""
        return tuple(sorted(self._places))

    @spoken
    def get(self, id: str) -> Bound:
        """A methodology with its parameter table.

        Raises
        ------
        MethodologyError, ParameterError
            It is unknown, or breaks its contract: everything that is wrong with it at once.
        """
        if id not in self._loaded:
            if id not in self._places:
                raise MethodologyError(self._unknown(id, id))
            place = self._places[id]
            self._loaded[id] = self._extension(place) if place.path.suffix == ".csv" else self._module(place)
        return self._loaded[id]

    def declared(self, id: str) -> Methodology:
        """A methodology as its file has it, untried and without numbers: what it says of itself, quickly.

        Raises
        ------
        MethodologyError
            It is unknown, or its file has no methodology.
        """
        place = self._places.get(id)
        if place is None or place.path.suffix == ".csv":
            return self.get(id).methodology
        return _methodology(place)

    def all(self) -> tuple[Bound, ...]:
        """Every methodology; what is wrong with any of them is raised together."""
        problems, loaded = Problems(), []
        for id in self.ids:
            try:
                loaded.append(self.get(id))
            except SinksError as error:
                problems.extend(error)
        problems.raise_as(MethodologyError)
        return tuple(loaded)

    def __repr__(self) -> str:
        return message("folds.registry_head", count=len(self.ids))

    def _repr_html_(self) -> str:
        """Every methodology by its id, and where it was found; none is loaded for it."""
        return folded(repr(self), [part("folds.methodologies", pairs({id: self._shown(id) for id in self.ids}))])

    def _shown(self, id: str) -> str:
        """The title of a methodology that is loaded, else where it was found."""
        known = self._loaded.get(id)
        return str(known.methodology.title) if known is not None else self._places[id].origin

    def __dir__(self) -> list[str]:
        return nouns(self)

    @property
    def folders(self) -> tuple[Path, ...]:
        """Folders of the packages that methodologies are found in."""
        return tuple(sorted({place.path.parent for place in self._places.values() if place.module is not None}))

    def sources(self) -> dict[str, Source]:
        """Every document that the methodologies' folders list, by key."""
        folders = {place.path.parent for place in self._places.values()}
        return {key: source for folder in sorted(folders) for key, source in self._sources_in(folder).items()}

    def table(
        self,
        name: str,
        parameters: Mapping[str, str],
        strata: Sequence[str],
        bounds: Mapping[str, tuple[float, float]],
    ) -> ParameterTable:
        """A table beside the methodologies of the installed packages that belongs to none of them.

        Parameters
        ----------
        name : str
            Of its file, without the ending.
        parameters, strata, bounds
            See :meth:`sinks.parameters.ParameterTable.read`.

        Raises
        ------
        MethodologyError
            No package has it.
        ParameterError
            With every fault of the table.
        """
        for folder in self.folders:
            if (path := folder / f"{name}.csv").exists():
                sources = self._sources_in(folder)
                return ParameterTable.read(path, parameters=parameters, sources=sources, strata=strata, bounds=bounds)
        raise MethodologyError(self._unknown(name, name))

    def _unknown(self, id: str, where: str) -> Problem:
        """With the names that the user may have meant."""
        near = get_close_matches(id, self.ids, cutoff=_NEAR)
        if near:
            return Problem("methodology.unknown_near", where, {"id": id, "near": near})
        return Problem("methodology.unknown", where, {"id": id, "known": self.ids})

    def _module(self, place: _Place) -> Bound:
        methodology = _methodology(place)
        problems = Problems()
        if methodology.id != place.id:
            problems.add("methodology.other_id", place.origin, id=methodology.id, stem=place.id)
        check(methodology, place.origin, problems)
        table = ParameterTable.empty(place.id, methodology.table_parameters)
        try:
            table = self._table(place, methodology)
        except ParameterError as error:
            problems.extend(error)
        known = table.sources or self._sources_in(place.path.parent)
        # The document behind a bureau's own method need not be in the shared list.
        if place.module is not None and methodology.source not in known:
            problems.add("parameters.unknown_source", place.origin, source=methodology.source)
        problems.raise_as(MethodologyError)
        return Bound(methodology, table, place.origin)

    def _table(self, place: _Place, methodology: Methodology) -> ParameterTable:
        """The CSV beside the module; without one, every parameter is left to the user."""
        folder = place.path.parent
        crosswalks = tuple(Crosswalk.read(folder / name, target) for target, name in methodology.crosswalks.items())
        sources, path = self._sources_in(folder), place.path.with_suffix(".csv")
        if not path.exists():
            table = replace(ParameterTable.empty(path.name, methodology.table_parameters), sources=sources)
        else:
            table = ParameterTable.read(
                path,
                parameters=methodology.table_parameters,
                sources=sources,
                strata=methodology.strata,
                bounds=methodology.table_bounds,
            )
        return replace(table, crosswalks=crosswalks)

    def _extension(self, place: _Place) -> Bound:
        base_id = extended_id(place.path)
        if base_id is None:
            raise MethodologyError(Problem("methodology.no_extends", str(place.path), {}))
        if base_id == place.id:
            raise MethodologyError(Problem("methodology.extends_itself", str(place.path), {"id": place.id}))
        if base_id not in self._places:
            raise MethodologyError(self._unknown(base_id, str(place.path)))
        base = self.get(base_id)
        title = Text(f"{base.methodology.title.zh}（{place.id}）", f"{base.methodology.title.en} ({place.id})")
        methodology = replace(base.methodology, id=place.id, title=title)
        return Bound(methodology, base.table.extended(place.path), place.origin)

    def _sources_in(self, folder: Path) -> dict[str, Source]:
        """A folder's ``sources.csv`` and those of the installed packages, so that a user's file can refer to both."""
        if folder not in self._sources:
            lists = [one / "sources.csv" for one in sorted({*self.folders, folder})]
            self._sources[folder] = {k: s for path in lists if path.exists() for k, s in read_sources(path).items()}
        return self._sources[folder]


def check_file(path: Path | str, packages: Iterable[str] | None = None) -> Bound:
    """Run the contract on one ``.py`` or ``.csv`` of a user; what is wrong with it is raised at once.

    A ``.csv`` that extends nothing but lies beside a ``.py`` of its name is that methodology's table.
    """
    path = Path(path)
    module = path.with_suffix(".py")
    if path.suffix == ".csv" and path.is_file() and module.is_file() and extended_id(path) is None:
        path = module
    return Registry([path], packages).get(path.stem)


def _installed() -> list[str]:
    return sorted({point.value for point in entry_points(group=ENTRY_POINTS)})


def _in_packages(packages: Iterable[str]) -> Iterable[_Place]:
    """Modules of packages, found without importing them; a leading underscore marks one that is no methodology."""
    for package in packages:
        for folder in importlib.import_module(package).__path__:
            for module in pkgutil.iter_modules([folder]):
                if not module.name.startswith("_"):
                    yield _Place(module.name, Path(folder, f"{module.name}.py"), f"{package}.{module.name}")


def _in_files(files: Iterable[Path | str], problems: Problems) -> Iterable[_Place]:
    for file in files:
        path = Path(file)
        if path.suffix not in (".py", ".csv"):
            problems.add("methodology.bad_file", str(path))
        elif not path.is_file():
            problems.add("methodology.no_file", str(path))
        else:
            yield _Place(path.stem, path)


def _methodology(place: _Place) -> Methodology:
    methodology = getattr(_import(place), ATTRIBUTE, None)
    if not isinstance(methodology, Methodology):
        raise MethodologyError(Problem("methodology.no_attribute", place.origin, {"attribute": ATTRIBUTE}))
    return methodology


def _import(place: _Place) -> ModuleType:
    try:
        if place.module is not None:
            return importlib.import_module(place.module)
        spec = importlib.util.spec_from_file_location(f"sinks_methodology_{place.id}", place.path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    except Exception as error:  # a user's file may fail in any way while it is imported
        values = {"reason": f"{type(error).__name__}: {error}"}
        raise MethodologyError(Problem("methodology.import_failed", place.origin, values)) from error
