"""The steps of the path from a project to a run, each from its file: what a verb imports once it is called."""

from __future__ import annotations

from sinks.progress import stage
from sinks.trust.consent import trusting
from sinks.workflow.check import check, check_layers, with_notes
from sinks.workflow.finished_run import Run
from sinks.workflow.make_account import account_inputs, assess_or_say, make_account
from sinks.workflow.map_noise import table_of_noise
from sinks.workflow.prepare import prepare
from sinks.workflow.run_contents import gather_contents, input_files
from sinks.workflow.tabulate_layers import tabulate_layers

__all__ = [
    "Run",
    "account_inputs",
    "assess_or_say",
    "check",
    "check_layers",
    "gather_contents",
    "input_files",
    "make_account",
    "prepare",
    "stage",
    "table_of_noise",
    "tabulate_layers",
    "trusting",
    "with_notes",
]
