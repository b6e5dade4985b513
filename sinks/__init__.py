"""Ecosystem carbon stock and sink by league and banner, and its place in carbon dual control.

Layers (raster, vector, table) of a project are tabulated once into an activity table; a methodology with sourced
parameters turns its rows into carbon stock and annual sink; the account adds intervals, checks and lineage; the
assessment sets the sink against each league's emissions; reports, maps and exports draw what the two say.

>>> import sinks
>>> run = sinks.run("project.toml")        # doctest: +SKIP
>>> run.write("out/my-account")            # doctest: +SKIP
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sinks.errors import SinksError
    from sinks.geo.legends import available_legends, load_legend
    from sinks.language import set_language, using_language
    from sinks.methodology import Methodology, Registry
    from sinks.project.project import Project
    from sinks.workflow.finished_run import Run
    from sinks.workflow.tabulate_any import tabulate
    from sinks.workflow.verbs import check, ensure_writable, open_run, run
    from sinks.workflow.verify_run import verify

__version__ = "0.1.0"

# Public name -> module that has it.  Loaded on first use, so that `import sinks` and `sinks --help` stay quick.
_PUBLIC = {
    "Methodology": "sinks.methodology",
    "Project": "sinks.project.project",
    "Registry": "sinks.methodology",
    "Run": "sinks.workflow.finished_run",
    "SinksError": "sinks.errors",
    "available_legends": "sinks.geo.legends",
    "check": "sinks.workflow.verbs",
    "ensure_writable": "sinks.workflow.verbs",
    "load_legend": "sinks.geo.legends",
    "open_run": "sinks.workflow.verbs",
    "run": "sinks.workflow.verbs",
    "set_language": "sinks.language",
    "tabulate": "sinks.workflow.tabulate_any",
    "using_language": "sinks.language",
    "verify": "sinks.workflow.verify_run",
}

__all__ = [  # noqa: RUF022  # the order in which one meets them
    "Project",
    "run",
    "check",
    "tabulate",
    "open_run",
    "verify",
    "Run",
    "Registry",
    "Methodology",
    "available_legends",
    "load_legend",
    "ensure_writable",
    "set_language",
    "using_language",
    "SinksError",
]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        value = getattr(import_module(_PUBLIC[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'sinks' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


if "xarray" in sys.modules:
    # Arrays get their accessor where there are arrays; elsewhere nobody waits for xarray to load.
    import_module("sinks.accessor")
