"""Make the notebooks from their sources: ``python notebooks/build.py [01 02 ...]``.

A notebook is written as a Python file in ``notebooks/src`` with cells divided by ``# %%`` and ``# %% [markdown]``,
which can be reviewed, compared and edited like any other code.  This script turns it into an ``.ipynb``, runs it in a
folder of its own and stores it with its outputs, so that a reader sees results without running anything.

What is stored does not depend on the machine: paths of this machine are taken out, pictures and pages that are too
large for a repository are refused, and there are no times and no random cell ids in it.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent

LARGEST = 400_000
"""Most bytes of a stored notebook: a reader on a slow line has to open it too."""

SECONDS = 600
"""Longest a cell may run."""

_FOREIGN = re.compile(rf"(?:{re.escape(str(Path.home()))}|/home|/Users|/tmp)/|[A-Z]:[\\/]+Users")
"""Paths that only this machine has."""

_CELL = re.compile(r"^# %%(?P<markdown> \[markdown\])?[^\n]*$", re.MULTILINE)

# The kernel may talk to this machine only.  What needs the internet would fail on an intranet, so it fails here too.
_OFFLINE = """
import socket as _socket
def _local_only(self, address, _connect=_socket.socket.connect):
    internet = self.family in (_socket.AF_INET, _socket.AF_INET6)
    if internet and not str(address[0]).startswith(("127.", "::1", "localhost")):
        raise OSError(f"notebooks run offline; no connection to {address[0]}")
    return _connect(self, address)
_socket.socket.connect = _local_only
import pandas as _pandas
_pandas.set_option("compute.use_numexpr", False)  # a package of the tests brings it: users have none
"""

# In a kernel that has run another notebook nothing of that one is left but what it imported.
_ANEW = """
import os
os.chdir({folder!r})
%reset -f
import matplotlib as _matplotlib
import matplotlib.pyplot as _pyplot
import sinks as _sinks
_pyplot.close("all")
_matplotlib.rcdefaults()
_sinks.set_language("zh")
"""


class NotebookProblem(Exception):
    """A notebook cannot be stored as it is."""


def sources(wanted: list[str] | None = None) -> list[Path]:
    """Sources in the order of their numbers; all, or those whose names begin with one of ``wanted``."""
    found = sorted((HERE / "src").glob("[0-9][0-9]_*.py"))
    return [path for path in found if not wanted or path.name.startswith(tuple(wanted))]


def target(source: Path) -> Path:
    """The notebook that is made from a source."""
    return HERE / f"{source.stem}.ipynb"


def parse(source: Path) -> nbformat.NotebookNode:
    """A source as a notebook without outputs; the same source gives the same notebook."""
    cells = []
    for number, (markdown, text) in enumerate(_cells(source.read_text(encoding="utf-8")), 1):
        make = new_markdown_cell if markdown else new_code_cell
        cells.append(make(text, id=f"cell-{number:02d}"))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})


def _cells(text: str) -> Iterator[tuple[bool, str]]:
    marks = [*_CELL.finditer(text)]
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    for mark, end in zip(marks, ends, strict=True):
        body = text[mark.end() : end].strip("\n")
        markdown = mark["markdown"] is not None
        yield markdown, _uncommented(body) if markdown else body


def _uncommented(body: str) -> str:
    return "\n".join(re.sub(r"^# ?", "", line) for line in body.splitlines())


def execute(
    notebook: nbformat.NotebookNode, folder: Path, *, offline: bool = True, kernel: AsyncKernelManager | None = None
) -> nbformat.NotebookNode:
    """Run every cell of a notebook in ``folder`` and return it with its outputs.

    Parameters
    ----------
    notebook : NotebookNode
        As :func:`parse` makes it.
    folder : Path
        Working directory: holds, or lies beside, what the notebook reads.
    offline : bool
        Refuse every connection that leaves this machine.
    kernel : AsyncKernelManager, optional
        Of :func:`kernel_of_several`; without it the notebook has a kernel of its own.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        A cell failed.
    """
    prelude = [new_code_cell(_OFFLINE, id="offline")] if offline else []
    if kernel is not None:
        prelude.insert(0, new_code_cell(_ANEW.format(folder=str(folder)), id="anew"))
    whole = new_notebook(cells=[*prelude, *notebook.cells], metadata=notebook.metadata)
    place = {"metadata": {"path": str(folder)}}
    options = {"timeout": SECONDS, "record_timing": False, "resources": place}
    with nullcontext(kernel) if kernel is not None else _kernel() as running:
        client = NotebookClient(whole, running, **options)
        try:
            client.execute(cleanup_kc=kernel is None)
        finally:
            if kernel is not None and client.kc is not None:
                client.kc.stop_channels()
    cells = whole.cells[len(prelude) :]
    for number, cell in enumerate((cell for cell in cells if cell.cell_type == "code"), 1):
        cell.execution_count = number
        for output in cell.outputs:
            if "execution_count" in output:
                output["execution_count"] = number
    return new_notebook(cells=cells, metadata=notebook.metadata)


@contextmanager
def _kernel() -> Iterator[AsyncKernelManager]:
    """Where files can be sockets no port is opened, on which others on the machine could listen."""
    with tempfile.TemporaryDirectory() as sockets:
        options = {"transport": "ipc", "ip": f"{sockets}/kernel"} if os.name == "posix" else {}
        yield AsyncKernelManager(kernel_name="python3", **options)


@contextmanager
def kernel_of_several() -> Iterator[AsyncKernelManager]:
    """A kernel that runs notebooks one after the other, each in an empty namespace: what they import is loaded once."""
    with _kernel() as kernel:
        try:
            yield kernel
        finally:
            if kernel.has_kernel:
                run_sync(kernel.shutdown_kernel)(now=True)


def tidy(notebook: nbformat.NotebookNode, *folders: Path) -> nbformat.NotebookNode:
    """Take what belongs to this machine out of the outputs.

    ``folders`` are replaced by nothing in every text, so that paths under them are relative.
    """
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if "text" in output:
                output["text"] = _portable(output["text"], folders)
            data = output.get("data", {})
            for kind, value in data.items():
                if isinstance(value, str) and not kind.startswith("image/png"):
                    data[kind] = _portable(value, folders)
    return notebook


def _portable(text: str, folders: tuple[Path, ...]) -> str:
    for folder in sorted(map(str, folders), key=len, reverse=True):
        for name in (folder, folder.replace("\\", "/"), json.dumps(folder)[1:-1]):
            text = text.replace(name + "/", "").replace(name + "\\", "").replace(name, ".")
    # Objects show their address in memory, which is another one each time.
    return re.sub(r" at 0x[0-9a-f]+", "", text)


def faults(notebook: nbformat.NotebookNode) -> list[str]:
    """What speaks against storing a notebook: errors, warnings, foreign paths, size."""
    found = []
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if output.output_type == "error":
                found.append(f"{cell.id}: {output.ename}: {output.evalue}")
            if output.output_type == "stream" and output.name == "stderr":
                found.append(f"{cell.id}: written to stderr: {output.text[:300]}")
        if "outputs" in cell and _FOREIGN.search(_texts(cell)):
            found.append(f"{cell.id}: a path of this machine is in the outputs")
    size = len(nbformat.writes(notebook).encode())
    if size > LARGEST:
        found.append(f"{size} bytes, at most {LARGEST} may be stored")
    return found


def _texts(cell: Any) -> str:
    """Everything readable in the outputs of a cell; pictures are not."""
    texts = []
    for output in cell.outputs:
        texts.append(output.get("text", ""))
        texts.extend(str(value) for kind, value in output.get("data", {}).items() if not kind.startswith("image/"))
    return "\n".join(texts)


def pictures(notebook: nbformat.NotebookNode) -> list[bytes]:
    """The pictures in the outputs, to look at them."""
    return [
        base64.b64decode(output["data"]["image/png"])
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if "image/png" in output.get("data", {})
    ]


def workplace(parent: Path) -> Path:
    """An empty folder to run a notebook in, with the demonstration data beside it as in the repository."""
    folder = parent / "notebooks"
    folder.mkdir(parents=True)
    shutil.copytree(ROOT / "data", parent / "data", ignore=shutil.ignore_patterns("demo", "*.py", "__pycache__"))
    return folder


def build(source: Path, kernel: AsyncKernelManager | None = None) -> nbformat.NotebookNode:
    """A notebook with its outputs, fit to be stored; ``kernel`` as of :func:`execute`.

    Raises
    ------
    NotebookProblem
        It failed, warned, names paths of this machine, or is too large.
    """
    with tempfile.TemporaryDirectory() as temporary:
        parent = Path(temporary).resolve()
        folder = workplace(parent)
        try:
            made = execute(parse(source), folder, kernel=kernel)
        except CellExecutionError as error:
            raise NotebookProblem(f"{source.name}: {error.ename}: {error.evalue}\n{error.traceback}") from None
        tidy(made, folder, parent, ROOT, Path(sys.prefix))
    problems = faults(made)
    if problems:
        raise NotebookProblem(f"{source.name}: " + "; ".join(problems))
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="numbers of notebooks, for example 01 08; all by default")
    for source in sources(parser.parse_args().names or None):
        try:
            made = build(source)
        except NotebookProblem as problem:
            sys.exit(str(problem))
        nbformat.write(made, target(source))
        print(f"{target(source).name}: {target(source).stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
