"""The command line: quick to answer, in either language, and the same as Python."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner, Result

import sinks
from sinks.cli import EXIT_INPUT, main
from sinks.text import aligned, display_width, language, message, set_language

HEAVY = ("numpy", "pandas", "rasterio", "numba", "geopandas", "shapely", "pyproj", "pydantic")
CHINESE = re.compile(r"[\u4e00-\u9fff]")

HELP = f"""
import sys
from sinks.cli import main

try:
    main(sys.argv[1:])
except SystemExit:
    pass
print("LOADED", [name for name in {HEAVY!r} if name in sys.modules])
"""


@pytest.fixture(autouse=True)
def _chinese_again() -> Any:
    before = language()
    yield
    set_language(before)


@pytest.fixture(scope="module")
def finished(world: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run, for tests that read it and write elsewhere."""
    folder = tmp_path_factory.mktemp("finished")
    project = world.save(world.project(), folder / "project.toml")
    assert invoke("run", project, "--out", folder / "result", "--quiet").exit_code == 0
    return folder / "result"


@pytest.fixture(scope="module")
def without_methods(world: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that counts nothing but areas."""
    folder = tmp_path_factory.mktemp("without")
    project = world.save(world.project(methodologies=[]), folder / "project.toml")
    assert invoke("run", project, "--out", folder / "result", "--quiet").exit_code == 0
    return folder / "result"


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["run", "--help"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    found = subprocess.run(
        [sys.executable, "-c", HELP, *arguments], capture_output=True, text=True, encoding="utf-8", timeout=60
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.splitlines()[-1] == "LOADED []"


def test_every_verb_explains_itself() -> None:
    text = invoke("--help").output
    for name, command in main.commands.items():
        assert name in text
        shown = invoke(name, "--help")
        assert shown.exit_code == 0
        assert (command.help or "").strip(), name
        assert any(parameter.name == "lang" for parameter in command.params), f"{name} speaks one language only"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_run_and_check_speak_the_language(world: Any, tmp_path: Path, lang: str) -> None:
    content = world.project(project=world.content["project"] | {"title": "Three leagues", "draws": 0})
    project = world.save(content, tmp_path / "project.toml")
    checked = invoke("check", project, "--lang", lang)
    assert checked.exit_code == 0, checked.output
    ran = invoke("run", project, "--out", tmp_path / "result", "--quiet", "--lang", lang)
    assert ran.exit_code == 0, ran.output
    assert ran.stderr == ""
    # Names of regions stay as they are; they are all that is Chinese in English.
    names = sinks.open_run(tmp_path / "result").account["region_name"].unique()
    said = checked.output + ran.output
    for name in sorted(names, key=len, reverse=True):
        said = said.replace(name, "")
    assert bool(CHINESE.search(said)) == (lang == "zh")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_methods_speak_the_language(lang: str) -> None:
    listed = invoke("methods", "--lang", lang)
    assert listed.exit_code == 0
    assert "growing_stock_bef" in listed.output
    assert bool(CHINESE.search(listed.output)) == (lang == "zh")
    described = invoke("methods", "lookup_density", "--lang", lang)
    assert described.exit_code == 0
    assert bool(CHINESE.search(described.output.splitlines()[0])) == (lang == "zh")
    unknown = invoke("methods", "lookup_densty", "--lang", lang)
    assert unknown.exit_code == EXIT_INPUT
    assert "lookup_density" in unknown.stderr
    assert bool(CHINESE.search(unknown.stderr)) == (lang == "zh")


def test_methods_as_json() -> None:
    rows = json.loads(invoke("methods", "--json").output)
    assert {"growing_stock_bef", "lookup_density"} <= {row["id"] for row in rows}
    assert len({row["id"] for row in rows}) == len(rows)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_init_writes_what_check_understands(world: Any, tmp_path: Path, lang: str) -> None:
    path = tmp_path / "project.toml"
    answers = ["--name", "mine", "--province", "150000", "--within", "150600", "--level", "banner", "--legend", "clcd"]
    for year in (2020, 2023):
        answers += ["--land-cover", f"{year}={world.folder / f'cover_{year}.tif'}"]
    made = invoke("init", path, *answers, "--lang", lang)
    assert made.exit_code == 0, made.output
    assert bool(CHINESE.search(made.output)) == (lang == "zh")
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    assert content["project"]["dates"] == [2020, 2023]
    assert content["regions"]["within"] == "150600"
    before = path.read_bytes()
    again = invoke("init", path, *answers, "--lang", lang)
    assert again.exit_code == EXIT_INPUT
    assert path.read_bytes() == before
    checked = invoke("check", path, "--lang", lang)
    assert checked.exit_code == 0, checked.output
    ran = invoke("run", path, "--out", tmp_path / "result", "--quiet", "--lang", lang)
    assert ran.exit_code == 0, ran.output


def test_a_first_project_gives_stocks_and_no_sink_until_it_is_asked_for(world: Any, tmp_path: Path) -> None:
    """The difference of two maps by class densities is mostly noise of the maps; the file says so in both languages."""
    title = '鄂尔多斯 "试算" \\ 2023'
    path, stock = tmp_path / "project.toml", 'accounts_for = ["stock"]\n'
    answers = ["--name", "mine", "--title", title, "--province", "150000", "--within", "150300", "--level", "banner"]
    for year in (2020, 2023):
        answers += ["--land-cover", f"{year}={world.folder / f'cover_{year}.tif'}"]
    assert invoke("init", path, *answers, "--legend", "clcd").exit_code == 0
    text = path.read_text(encoding="utf-8")
    assert tomllib.loads(text)["project"]["title"] == title
    reason = text[: text.index(stock)].rsplit("[[methodologies]]", 1)[1]
    assert "分类误差" in reason
    assert "error of the maps" in reason
    safe = sinks.run(path)
    assert {"area", "carbon_stock"} <= set(safe.account["quantity"])
    assert safe.account.loc[safe.account["quantity"] == "net_removals", "value"].isna().all()
    assert len(safe.activity.changes) > 0
    path.write_text(text.replace(stock, ""), encoding="utf-8")
    asked = sinks.run(path).account
    assert asked.loc[asked["quantity"] == "net_removals", "value"].notna().any()


def test_a_first_project_has_a_name_that_can_be_one(tmp_path: Path) -> None:
    answers = ["--province", "150000", "--level", "league", "--legend", "clcd", "--land-cover", "2020=a.tif"]
    refused = invoke("init", tmp_path / "project.toml", "--name", "../mine", *answers)
    assert refused.exit_code == EXIT_INPUT
    assert not (tmp_path / "project.toml").exists()


def test_command_and_python_are_one(world: Any, finished: Path, tmp_path: Path) -> None:
    project = world.save(world.project(), tmp_path / "project.toml")
    assert sinks.open_run(finished).account.equals(sinks.run(project).account)


def test_tabulate_is_a_function_however_often_it_is_called(world: Any) -> None:
    """A package inside has the same name, which the import system would put in its place."""
    import sinks.tabulation.joint

    project = sinks.Project.from_dict(world.project(), folder=world.folder)
    first, second = sinks.tabulate(project), sinks.tabulate(project)
    assert first.states.equals(second.states)


def test_the_bar_of_progress_is_for_the_terminal_only(world: Any, tmp_path: Path) -> None:
    """Results go to standard output, progress does not."""
    project = world.save(world.project(), tmp_path / "project.toml")
    result = invoke("run", project, "--out", tmp_path / "result")
    assert result.exit_code == 0
    said = message("cli.stage_pass")
    assert f"{said} 100%" in result.stderr
    assert said not in result.stdout


def test_a_difference_of_what_no_account_has_is_refused(without_methods: Path) -> None:
    result = invoke("diff", without_methods, without_methods, "--lang", "en")
    assert result.exit_code == EXIT_INPUT
    assert "net_removals" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "zh", "en"),
    [
        (["runn", "my.toml"], "没有命令“runn”。是否指 run？", "There is no command 'runn'. Did you mean run?"),
        (["run"], "缺少 PROJECT。", "PROJECT is missing."),
        (["value", "out"], "缺少 --prices。", "--prices is missing."),
        (["run", "my.toml", "--forse"], "没有选项 --forse。是否指 --force？", "There is no option --forse."),
        (["diff", "a", "b", "--quantity", "x"], "可用 net_removals、carbon_stock", "choose among net_removals"),
    ],
)
def test_a_wrong_command_line_is_answered_in_the_users_language(arguments: list[str], zh: str, en: str) -> None:
    for lang, said in (("zh", zh), ("en", en)):
        # Before the verb, since a verb that is none has no options.
        result = invoke("--lang", lang, *arguments)
        assert result.exit_code == EXIT_INPUT
        assert said in result.stderr


def test_the_language_may_stand_before_or_after_the_verb() -> None:
    assert invoke("--lang", "en", "methods").output == invoke("methods", "--lang", "en").output
    assert invoke("--lang", "en", "methods", "--lang", "zh").output == invoke("methods").output


def test_columns_stand_under_their_headers_for_chinese_names_too() -> None:
    rows = [["地区", "面积"], ["内蒙古自治区", "1.0"], ["兴安盟", "200.0"]]
    lines = aligned(rows)
    assert {display_width(line) for line in lines} == {display_width("内蒙古自治区  200.0")}
    assert lines[2].startswith("兴安盟      ")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_what_the_disk_refuses_is_the_users_to_solve(finished: Path, tmp_path: Path, lang: str) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way", encoding="utf-8")
    answers = [
        "--name",
        "x",
        "--province",
        "150000",
        "--level",
        "league",
        "--legend",
        "clcd",
        "--land-cover",
        "2020=a.tif",
    ]
    for arguments in (
        ["map", finished, "--out", blocked / "map.html"],
        ["report", finished, "--out", blocked, "--quiet"],
        ["new", "mine", "--folder", blocked],
        ["init", blocked / "my.toml", *answers],
        ["init", "--assessment", blocked],
    ):
        refused = invoke(*arguments, "--lang", lang)
        assert refused.exit_code == EXIT_INPUT, arguments
        assert str(blocked) in refused.stderr
    assert blocked.read_text(encoding="utf-8") == "in the way"


def test_folders_on_the_way_are_made(finished: Path, tmp_path: Path) -> None:
    for arguments, made in (
        (["map", finished, "--out", tmp_path / "a" / "b" / "map.html"], "a/b/map.html"),
        (["new", "mine", "--folder", tmp_path / "methods"], "methods/mine.py"),
    ):
        assert invoke(*arguments).exit_code == 0
        assert (tmp_path / made).is_file()


def test_tables_go_where_they_are_sent(finished: Path, tmp_path: Path) -> None:
    out = tmp_path / "not" / "there" / "diff.csv"
    made = invoke("diff", finished, finished, "--out", out)
    assert made.exit_code == 0, made.output
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    blocked = tmp_path / "file"
    blocked.write_text("in the way", encoding="utf-8")
    refused = invoke("diff", finished, finished, "--out", blocked / "diff.csv")
    assert refused.exit_code == EXIT_INPUT


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_uncertainty_is_ranked_and_both_approaches_shown(finished: Path, tmp_path: Path, lang: str) -> None:
    shown = invoke("uncertainty", finished, "--lang", lang, "--top", 2, "--out", tmp_path / "tables")
    assert shown.exit_code == 0, shown.output
    assert ("Approach 1 low" in shown.output) == (lang == "en")
    assert ("方法1下限" in shown.output) == (lang == "zh")
    written = pd.read_csv(tmp_path / "tables" / "uncertainty.csv")
    # The folder of the run has the same table, made with the account, without figures whose interval is withheld.
    given = written[written["agreement"].notna()].reset_index(drop=True)
    assert 0 < len(given) < len(written)
    assert written.loc[written["agreement"].isna(), "approach_1_low"].isna().all()
    pd.testing.assert_frame_equal(given, pd.read_csv(finished / "uncertainty.csv"))
    assert (tmp_path / "tables" / "uncertainty_sources.csv").exists()
    rows = [*openpyxl.load_workbook(finished / "account.xlsx")["不确定性"].iter_rows(values_only=True)]
    assert rows[1][-1] == "两法比较"
    assert {row[-1] for row in rows[2:]} <= {"一致", "不一致：分布偏斜", "不一致：宽窄不同"}
    refused = invoke("uncertainty", finished, "--region", "99", "--lang", lang)
    assert refused.exit_code == EXIT_INPUT
    assert "99" in refused.stderr


def test_without_uncertainty_there_is_nothing_to_rank(without_methods: Path) -> None:
    shown = invoke("uncertainty", without_methods, "--lang", "en")
    assert shown.exit_code == 0, shown.output
    assert "nothing to rank" in shown.output
    assert not (without_methods / "uncertainty.csv").exists()
