"""Files to start one's own methodology from."""

from __future__ import annotations

from pathlib import Path

from sinks.errors import MethodologyError, Problem, Problems
from sinks.methodology.registry import Registry
from sinks.parameters import COLUMNS

# "?" marks what is to be written; the contract refuses a methodology that still has one.  The equation is an example.
_MODULE = '''"""?"""

from __future__ import annotations

from math import inf
from typing import Any

from sinks.methodology import Methodology
from sinks.text import Text


def carbon_density(growing_stock: Any, bcef: Any, carbon_fraction: Any) -> dict[str, Any]:
    """?

    Parameters
    ----------
    growing_stock : array
        Stem volume over bark. [m3/ha]
    bcef : array
        Above-ground biomass per stem volume. [t DM/m3]
    carbon_fraction : array
        Carbon in dry matter. [t C/(t DM)]

    Returns
    -------
    dict of array
        ``above_ground_biomass``. [t C/ha]

    Notes
    -----
    .. math:: C = V \\\\cdot BCEF \\\\cdot CF

    References
    ----------
    ?
    """
    return {{"above_ground_biomass": growing_stock * bcef * carbon_fraction}}


METHODOLOGY = Methodology(
    id="{id}",
    title=Text("?", "?"),
    source="?",
    locator="?",
    approach="stock_difference",
    tier=2,
    acts_on="state",
    ecosystems=("forest",),
    strata=("species_group",),
    inputs={{"growing_stock": "m3/ha"}},
    parameters={{"bcef": "t DM/m3", "carbon_fraction": "t C/(t DM)"}},
    outputs={{"above_ground_biomass": "t C/ha"}},
    bounds={{"bcef": (0, inf), "carbon_fraction": (0, 1)}},
    valid_for=Text("?", "?"),
    compute=carbon_density,
)
'''
_TO_FILL = {"value": "?", "basis": "user", "source": "?", "locator": "?"}


def new(
    id: str, extends: str | None = None, folder: Path | str = ".", registry: Registry | None = None
) -> tuple[Path, ...]:
    """Write the files of a new methodology, with ``?`` where numbers and sources go.

    Parameters
    ----------
    id : str
        Name of the methodology and of its files.
    extends : str, optional
        A methodology whose equation is kept: one ``.csv`` with the columns of its table.  Without it, a ``.py`` with
        an equation to replace and the ``.csv`` of its parameters.
    folder : path
        Where to write; made if it is not there.

    Returns
    -------
    tuple of path
        The files written.

    Raises
    ------
    MethodologyError
        A file is already there, the id cannot be used, or ``extends`` is unknown.
    """
    if not id.isidentifier() or id != id.lower():
        raise MethodologyError(Problem("methodology.bad_id", id, {"id": id}))
    table = Path(folder, f"{id}.csv")
    if extends is None:
        parameters = {"bcef": "t DM/m3", "carbon_fraction": "t C/(t DM)"}
        files = {Path(folder, f"{id}.py"): _MODULE.format(id=id), table: _table(parameters, ("species_group",))}
    else:
        base = (registry or Registry()).get(extends)
        strata = base.table.strata or base.methodology.strata or ()
        files = {table: f"# extends: {extends}\n{_table(base.methodology.table_parameters, strata)}"}
    problems = Problems()
    for path in files:
        if path.exists():
            problems.add("methodology.exists", path)
    problems.raise_as(MethodologyError)
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        # Excel takes a CSV for UTF-8 only when it begins with a byte order mark.
        path.write_text(text, encoding="utf-8-sig" if path.suffix == ".csv" else "utf-8")
    return tuple(files)


def _table(parameters: dict[str, str], strata: tuple[str, ...]) -> str:
    columns = ("parameter", *strata, *COLUMNS[1:])
    rows = [{"parameter": name, "unit": unit, **_TO_FILL} for name, unit in parameters.items()]
    lines = [",".join(columns), *(",".join(row.get(column, "") for column in columns) for row in rows)]
    return "\n".join(lines) + "\n"
