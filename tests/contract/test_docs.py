"""What the user guide says is there is there: commands, options, keys, files, columns and links, in both languages.

A guide goes stale in silence.  Everything it sets in code type is therefore looked up: commands in the command line,
TOML in the models of the project file, Python in the package, and single words in the vocabularies, column names,
checks, methodologies and legends that the package itself knows.  The other way round, every verb, option, key, check,
file and column has to be in the guide.
"""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

import click
import pandas as pd
import pydantic
import pytest

import sinks
from sinks.account.findings import Findings
from sinks.account.totals import COLUMNS
from sinks.activity import CHANGE_KEYS, FROM, STATE_KEYS, TO, UNIT_COLUMNS
from sinks.cli import main
from sinks.geo.legends import available_legends, load_legend
from sinks.geo.regions import LEVELS
from sinks.input_sets import KNOWN
from sinks.layers.codes import strata
from sinks.layers.rasters.casa import SERIES
from sinks.layers.rasters.raster import CATEGORICAL_RESAMPLING, CONTINUOUS_RESAMPLING
from sinks.methodology import Registry
from sinks.parameters import COLUMNS as PARAMETER_COLUMNS
from sinks.parameters import CORRELATION, FORMULA, SAME_AS
from sinks.parameters.draws import DISTRIBUTIONS, INTERVALS
from sinks.parameters.growth_curves import CURVES
from sinks.parameters.nominal import INTERVAL, nominal_errors
from sinks.parameters.read import BASES
from sinks.project.project import Project
from sinks.project.rules import CreditState
from sinks.provenance import Source
from sinks.text import messages
from sinks.trust.territory import ROOT_MARK
from sinks.vocabulary import MONTH, ecosystems, pools, quantities
from sinks.workflow.finished_run import Run
from sinks.workflow.production import NONE, TABLE, production_table

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guide"
PAGES = sorted(path.name for path in (GUIDE / "zh").glob("*.md"))
TEXTS = [*sorted(GUIDE.rglob("*.md")), ROOT / "docs" / "index.md", ROOT / "docs" / "faq.md"]

EXAMPLES = {
    # Files and values that a reader would have; nothing in the package is called so.
    *("my.toml", "my_densities.csv", "bureau_larch.csv", "methods/bureau_power.py", "wheels", "data", "?"),
    # Formats, programs and marks of other people's data.
    *(".cpg", ".hdf", ".vrt", ".py", "make", "/", "=", "GBK", "LC_Type1", "Npp_500m"),
    # What a run and its folder are called in the examples.
    *("run", "out/demo/report", "outside"),
    # A column of the history, and a stratum of an account.
    *("class@2000", "forest > forest"),
    # Columns that tell whether an input was observed.
    *("known:growing_stock", "known:growing_stock_from", "known:growing_stock_to"),
    # Values and units.
    *(
        "2020",
        "2020-2023",
        "(1786 - 822) / 13",
        "+ - x / ^",
        "0",
        "0.9",
        "0.95",
        "400",
        "2000",
        "20230",
        "false",
        "[2020, 2023]",
        "[20,50)",
        "t C/ha",
        "t C/ha/yr",
    ),
}

SMALLEST: Mapping[str, Any] = {
    "project": {"name": "x", "title": "x", "dates": [2020, 2023]},
    "regions": {"builtin": "150000"},
    "land_cover": {"legend": "clcd", "files": {"2020": "a.tif", "2023": "b.tif"}},
    "folder": Path(),
}

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _blocks(path: Path, language: str) -> list[str]:
    return [body for kind, body in _FENCE.findall(_text(path)) if kind == language]


def _spans(path: Path) -> list[str]:
    return re.findall(r"`([^`\n]+)`", _FENCE.sub("", _text(path)))


def _commands(path: Path) -> Iterator[list[str]]:
    """Command lines of ``sinks``, in blocks and in the text."""
    lines = [line for block in _blocks(path, "") for line in block.splitlines()] + _spans(path)
    for line in lines:
        line = line.replace("\\", "/").strip()
        words = shlex.split(re.sub(r"^\.venv/(bin|Scripts)/", "", line)) if "sinks " in line else []
        if words[:1] == ["sinks"] and len(words) > 1:
            yield words[1:]


@cache
def _models() -> dict[str, set[str]]:
    """Keys of the project file by the place they stand in."""
    found: dict[str, set[str]] = {}

    def visit(model: type[pydantic.BaseModel], place: str) -> None:
        for name, field in model.model_fields.items():
            if name == "folder":
                continue  # of the project and not of its file; other keys that records leave out are keys
            key = field.alias or name
            found.setdefault(place, set()).add(key)
            for inner in _models_in(field.annotation):
                visit(inner, key)

    visit(Project, "")
    return found


def _models_in(annotation: Any) -> Iterator[type[pydantic.BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


@cache
def _keys() -> frozenset[str]:
    return frozenset().union(*_models().values())


def _checks() -> set[str]:
    return {id.split(".", 1)[1] for id in messages() if id.startswith("checks.")}


@cache
def _words() -> frozenset[str]:
    """Single words that mean something to the package."""
    words = {
        *ecosystems(),
        *pools(),
        *quantities(),
        *available_legends(),
        *strata(),
        *_keys(),
        *Registry().ids,
        *_checks(),
    }
    words |= {
        *COLUMNS,
        *STATE_KEYS,
        *CHANGE_KEYS,
        *UNIT_COLUMNS,
        "notice",
        "growing_stock_sd",
        "growing_stock_observed_ha",
        *(f"{KNOWN}growing_stock{end}" for end in ("", FROM, TO)),
    }
    words |= {
        *PARAMETER_COLUMNS,
        *BASES,
        *INTERVALS,
        *DISTRIBUTIONS,
        "role",
        "methodology",
        "unverified",
        "origin",
        "row",
    }
    words |= {
        *Source.__dataclass_fields__,
        *Findings.COLUMNS,
        *CURVES,
        *CATEGORICAL_RESAMPLING,
        *CONTINUOUS_RESAMPLING,
        "failed",
        "warning",
        "note",
        "passed",
    }
    words |= {name for values in _choices() for name in values} | {"all", "nodata", "METHODOLOGY"}
    words |= {*production_table(Registry()).frame["vegetation"], *SERIES, NONE, TABLE, MONTH}
    words |= {one.cls for name in ("species_group", "grassland_type") for one in load_legend(name).classes}
    for table in (ROOT / "sinks" / "assessment").glob("*.csv"):
        frame = pd.read_csv(table, dtype=str)
        words |= {
            str(value) for column in ("quantity", "id", "state", "name") if column in frame for value in frame[column]
        }
    return frozenset(words | set(_columns()))


def _columns() -> Iterator[str]:
    """Columns of the tables that stand beside an account."""
    from sinks.account import basis
    from sinks.account import other_gases as beside
    from sinks.analysis import comparison as compare
    from sinks.analysis import land_survey, noise_of_maps, other_assumption, reconciliation, sensitivity, spread
    from sinks.assessment import alternatives, annual_plan, budget, input_tables, result, targets, withheld
    from sinks.projection import engine, projection
    from sinks.results import years
    from sinks.series import recalculation

    yield from (*sensitivity.COLUMNS, *sensitivity.APPROACH_COLUMNS)
    yield from sensitivity.AGREEMENTS
    yield from (*result.COLUMNS, *budget.COLUMNS, *targets.COLUMNS)
    yield from ("detected", "matched_share")
    yield from ("project_id", "state", "tonnes", "first", "last", "used_in", "deducted")
    yield from (*beside.COLUMNS, *basis.COLUMNS)
    yield from (*land_survey.COLUMNS, *land_survey.EXPLAINED_BY, *years.COLUMNS, *recalculation.COLUMNS)
    yield from (*noise_of_maps.COLUMNS, *noise_of_maps.VERDICTS, *spread.COLUMNS, *other_assumption.COLUMNS)
    yield from (*nominal_errors(), INTERVAL, SAME_AS, CORRELATION, FORMULA, *get_args(withheld.Reason))
    yield from (*reconciliation.COLUMNS, *reconciliation.OF_STOCK, *reconciliation.OF_SINK)
    yield from (*alternatives.COLUMNS, *annual_plan.QUANTITIES, *projection.COLUMNS, *engine.DEAD, engine.ATMOSPHERE)
    yield from (column.name for table in input_tables.tables() for column in input_tables.columns(table))
    yield from (name for name in ("figures", "reasons", "refusals") if name in compare.Comparison.__dataclass_fields__)


@cache
def _choices() -> tuple[tuple[str, ...], ...]:
    """Values that keys of the project file choose among, and the kinds of methodologies."""
    from sinks.methodology.spec import Approach

    found: list[tuple[str, ...]] = [get_args(Approach), get_args(CreditState), LEVELS, ("given", "assumed", "computed")]

    def literals(annotation: Any) -> None:
        values = tuple(value for value in get_args(annotation) if isinstance(value, str))
        if values:
            found.append(values)
        for inner in get_args(annotation):
            literals(inner)

    def visit(model: type[pydantic.BaseModel]) -> None:
        for field in model.model_fields.values():
            literals(field.annotation)
            for inner in _models_in(field.annotation):
                visit(inner)

    visit(Project)
    return tuple(found)


def _option_fault(words: list[str]) -> str | None:
    """What is wrong with a command line of ``sinks``."""
    verb, rest = words[0], words[1:]
    if verb.startswith("-"):
        return None if verb in {name for p in main.params for name in p.opts} | {"--version", "--help"} else verb
    if verb not in main.commands:
        return f"no verb {verb}"
    command = main.commands[verb]
    options = {name: p for p in command.params if isinstance(p, click.Option) for name in p.opts}
    places = [p for p in command.params if isinstance(p, click.Argument)]
    given = []
    while rest:
        word = rest.pop(0)
        if not word.startswith("--"):
            given.append(word)
        elif word not in options:
            return f"{verb} has no option {word}"
        elif not options[word].is_flag and not rest:
            return f"{word} needs a value"
        elif not options[word].is_flag:
            del rest[: options[word].nargs]
    if len(given) > len(places):
        return f"{verb} takes {len(places)} arguments"
    if verb == "methods" and not set(given) <= set(Registry().ids):
        return f"no methodology {given}"
    gone = [word for word in given if word.startswith("data/") and not (ROOT / word).exists()]
    return f"no file {gone}" if gone else None


def _attribute_fault(code: str) -> str | None:
    """Public names of the package and of a run that the code uses and that are not there."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "sinks":
            module = import_module(node.module)
            missing = [name.name for name in node.names if not hasattr(module, name.name)]
            if missing:
                return f"{node.module} has no {missing}"
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner = {"sinks": sinks, "run": Run}.get(node.value.id)
            if owner is not None and node.attr not in (sinks.__all__ if owner is sinks else dir(owner)):
                return f"{node.value.id} has no {node.attr}"
            if owner is Run and node.attr.startswith("_"):
                return f"{node.attr} is private"
    return None


def _toml_fault(span: str) -> str | None:
    for key, value in tomllib.loads(span).items():
        if key not in {*_keys(), *ecosystems()} and not key.isdigit():
            return f"no key {key}"
        if isinstance(value, str) and re.fullmatch(r"[a-z_0-9]+", value) and value not in _words() | _sections():
            return f"no value {value}"
    return None


def _sections() -> set[str]:
    """Names that layers have in the examples; a reader may call them anything."""
    return {"subcompartments", "statistics", "species_group", "growing_stock", "lincaoshi", "condition"}


def _fault(span: str) -> str | None:
    """Why a piece of code type in the text means nothing to the package; None if all is well."""
    if span in EXAMPLES or span in _words() or span in _sections() or span in _run_files() or _CHINESE.search(span):
        return None
    if re.fullmatch(r"sinks\.[a-z_]+", span) and find_spec(span):
        return None  # a module
    for pattern, judge in _JUDGES:
        if re.match(pattern, span):
            return judge(span)
    return "unknown"


def _target_fault(span: str) -> str | None:
    known = re.search(rf"^{re.escape(span.split()[1])}:", _text(ROOT / "Makefile"), re.MULTILINE)
    return None if known else "no such target"


def _name_fault(span: str) -> str | None:
    module, _, name = span.rpartition(".")
    return None if hasattr(import_module(module), name) else "no such name"


def _path_fault(span: str) -> str | None:
    return None if (ROOT / span).exists() else "no such file"


_JUDGES: tuple[tuple[str, Callable[[str], str | None]], ...] = (
    (r"# extends: ", lambda span: _fault(span.removeprefix("# extends: "))),
    (r"sinks ", lambda span: None),  # looked at with the commands
    (r"(pip|chcp) ", lambda span: None),
    (r"make ", _target_fault),
    (r"--lang en$", lambda span: None),
    (r"--", lambda span: None if span in _all_options() else "no such option"),
    (r"sinks(\.\w+){2,}$", _name_fault),
    (r"with sinks\.", lambda span: _attribute_fault(span + " pass")),
    (r"(sinks|run)\.", _attribute_fault),
    (
        r"\[{1,2}[a-z_.]+\]{1,2}$",
        lambda span: None if span.strip("[]").split(".")[0] in _models()[""] else "no section",
    ),
    (r".* = ", _toml_fault),
    (r"\.sinks-root$", lambda span: None if span == ROOT_MARK else "no such mark"),
    (r".*[./]", _path_fault),
)
"""What is looked up where, by the form of the code."""


@cache
def _all_options() -> frozenset[str]:
    return frozenset(name for command in main.commands.values() for p in command.params for name in p.opts)


@cache
def _run_files() -> frozenset[str]:
    """Files of a run, from the code that writes them: names with the suffixes that a run uses."""
    code = {path: _text(path) for path in (ROOT / "sinks").rglob("*.py")}
    tables = {
        name
        for text in code.values()
        if '"transitions"' in text
        or '"seea_extent"' in text
        or '"ccer_audit"' in text
        or '"gases"' in text
        or '"projection_balance"' in text
        or '"land_survey": ' in text
        or '"counted_by_document"' in text
        for name in re.findall(r'"([a-z_]+)": ', text)
    }
    kept = {name for text in code.values() for name in re.findall(r'with_table\("([a-z_]+)"', text)}
    written = {f"{name}{end}" for name in tables | kept for end in (".csv", ".parquet")}
    named = re.findall(r'"([a-z_-]+\.(?:xlsx|gpkg|json|html|csv|png))"', "".join(code.values()))
    return frozenset(written | set(named))


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.relative_to(ROOT / "docs").as_posix())
class TestText:
    def test_code_type_means_something(self, path: Path) -> None:
        assert {span: fault for span in _spans(path) if (fault := _fault(span))} == {}

    def test_commands(self, path: Path) -> None:
        assert [fault for words in _commands(path) if (fault := _option_fault(words))] == []

    def test_python(self, path: Path) -> None:
        assert [fault for block in _blocks(path, "python") if (fault := _attribute_fault(block))] == []

    def test_toml(self, path: Path) -> None:
        for block in _blocks(path, "toml"):
            _project(tomllib.loads(block))

    def test_links(self, path: Path) -> None:
        targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", _FENCE.sub("", _text(path)))
        local = [target for target in targets if "://" not in target]
        assert [target for target in local if not (path.parent / target).exists()] == []


def _project(block: Mapping[str, Any]) -> Project:
    """A block of the guide as part of a project; whether its files are there is not asked."""
    content = dict(SMALLEST)
    for key, value in block.items():
        merge = isinstance(value, dict) and key in content and key != "regions"
        content[key] = {**content[key], **value} if merge else value
    project = Project.model_validate(content)
    own = {Path(name).stem for name in project.methodology_files}
    assert {method.id for method in project.methodologies} <= {*Registry().ids, *own}
    for method in project.methodologies:
        assert set(method.ecosystems) <= set(ecosystems())
        assert set(method.pools or ()) <= set(pools())
    assert {name.quantity or key for key, name in project.inputs.items()} <= set(quantities())
    return project


@pytest.mark.parametrize("page", PAGES)
class TestBothLanguages:
    def test_same_headings(self, page: str) -> None:
        levels = [
            [len(found) for found in re.findall(r"^(#+) ", _FENCE.sub("", _text(GUIDE / lang / page)), re.MULTILINE)]
            for lang in ("zh", "en")
        ]
        assert levels[0] == levels[1]

    def test_same_code(self, page: str) -> None:
        zh, en = ({s for s in _spans(GUIDE / lang / page) if not _CHINESE.search(s)} for lang in ("zh", "en"))
        assert zh == en
        assert _FENCE.findall(_text(GUIDE / "zh" / page)) == _FENCE.findall(_text(GUIDE / "en" / page))

    def test_each_is_in_its_language(self, page: str) -> None:
        zh, en = (re.sub(r"`[^`\n]*`", "", _FENCE.sub("", _text(GUIDE / lang / page))) for lang in ("zh", "en"))
        assert len(_CHINESE.findall(zh)) > 100
        assert len(_CHINESE.findall(en)) < 20


def test_both_languages_have_the_same_pages() -> None:
    assert sorted(path.name for path in (GUIDE / "en").glob("*.md")) == PAGES
    index = _text(ROOT / "docs" / "index.md")
    assert [page for page in PAGES if f"guide/zh/{page}" not in index or f"guide/en/{page}" not in index] == []


def _mentioned(*pages: str) -> str:
    return "\n".join(_text(GUIDE / "zh" / page) for page in pages or PAGES)


def test_every_verb_and_option_is_in_the_guide() -> None:
    text = _mentioned()
    assert [verb for verb in main.commands if f"sinks {verb}" not in text] == []
    options = {name for name in _all_options() if name.startswith("--")} - {"--help"}
    assert sorted(name for name in options if name not in text) == []


def test_every_key_of_the_project_file_is_in_the_guide() -> None:
    text = _mentioned("project-file.md", "assessment.md", "decisions.md")
    assert sorted(key for key in _keys() if not re.search(rf"[`\[.]{key}\b|^{key} =", text, re.MULTILINE)) == []


def test_every_check_is_in_the_guide() -> None:
    before_a_run = {"counted_twice", "counted_twice_converted", "soil_depths", "editions", "no_land", "does_not_add_up"}
    text = _mentioned("checks.md")
    assert sorted(name for name in _checks() - before_a_run if f"`{name}`" not in text) == []


def test_every_file_and_column_of_a_run_is_in_the_guide(world: Any, tmp_path: Path) -> None:
    content = world.project()
    content["project"] = content["project"] | {"draws": 0, "demonstration": True}
    run = sinks.run(Project.from_dict(content, folder=world.folder))
    folder = run.write(tmp_path / "run")
    named = set(_spans(GUIDE / "zh" / "results.md"))
    assert {path.name for path in folder.iterdir()} <= named
    parts = {*run.activity.strata, *run.activity.inputs}
    varying = re.compile("|".join(map(re.escape, sorted(parts, key=len, reverse=True))) or "$^")
    columns: set[str] = set()
    for path in folder.iterdir():
        if path.suffix == ".csv":
            columns |= set(pd.read_csv(path, nrows=0, encoding="utf-8-sig").columns)
        if path.suffix == ".parquet" and path.name != "regions.parquet":
            columns |= set(pd.read_parquet(path).columns)
    strata_of_tables = {name for bound in Registry().all() for name in bound.table.strata}
    assert sorted(c for c in columns - named - strata_of_tables if not varying.match(c)) == []
