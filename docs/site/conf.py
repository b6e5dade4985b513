"""How Sphinx makes the site; ``build.py`` puts the sources together and calls it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import sinks  # noqa: E402

project = "sinks"
author = "sinks"
release = version = sinks.__version__
project_copyright = ""
language = "zh_CN"
root_doc = "index"

extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "myst_nb"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 6
myst_dmath_double_inline = True
nb_execution_mode = "off"
nb_ipywidgets_js: dict[str, Any] = {}
# A word of a type such as "array (n, regions)" is no reference.
suppress_warnings = ["myst.header", "mystnb.unknown_mime_type", "ref.python"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "show-inheritance": True}
# Names of pydantic's own that every model has; the keys of the project file have a page of their own.
autodoc_class_signature = "separated"
python_use_unqualified_type_names = True
napoleon_google_docstring = False
napoleon_use_rtype = False

html_theme = "furo"
html_title = "sinks"
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_show_sphinx = False
html_search_language = "zh-en"
# Excerpts are read from the other pages, which browsers refuse to pages of a folder.
html_show_search_summary = False
html_math_renderer = "mathml"
html_last_updated_fmt = None


def setup(app: Any) -> None:
    """The search of both languages, and formulas as the browser draws them: both need no network."""
    from bigrams import search_language

    app.add_search_language(search_language())
    app.add_html_math_renderer("mathml", (_inline, None), (_display, None))


def _inline(translator: Any, node: Any) -> None:
    _formula(translator, node, "inline")


def _display(translator: Any, node: Any) -> None:
    _formula(translator, node, "block")


def _formula(translator: Any, node: Any, how: str) -> None:
    from docutils.nodes import SkipNode
    from latex2mathml.converter import convert

    translator.body.append(convert(node.astext().strip(), display=how))
    raise SkipNode
