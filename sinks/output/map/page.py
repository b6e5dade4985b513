"""The page around folium's map: everything inlined, nothing fetched, and a policy that holds browsers to that."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html import escape
from importlib.resources import files
from typing import Any

import folium
from branca.element import Element, Figure, MacroElement
from folium.template import Template

from sinks.text import LANGUAGES

_SCRIPTS = (
    "text.js",
    "account.js",
    "scale.js",
    "svg.js",
    "mapview.js",
    "legend.js",
    "panel.js",
    "export.js",
    "main.js",
)
_POLICY_MARK = "<!-- content-security-policy -->"
_VIEWPORT = re.compile(r'<meta name="viewport"[^>]*>')
_ENLARGEABLE = '<meta name="viewport" content="width=device-width, initial-scale=1">'
_INLINE = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)
_IMAGE = re.compile(r"url\((images/[\w-]+\.png)\)")


class OfflineMap(folium.Map):
    """A folium map without folium's links.

    folium links Leaflet, jQuery, Bootstrap and two icon fonts from five servers.  ``default_js`` and ``default_css``
    are its own hook for that: emptied here, on the subclass, so that other folium maps of the session keep theirs.
    Leaflet comes inlined with :class:`OfflineFigure`; nothing on this page uses the others.
    """

    default_js: list[tuple[str, str]] = []  # noqa: RUF012 - folium reads it as an instance would
    default_css: list[tuple[str, str]] = []  # noqa: RUF012


class OfflineFigure(Figure):
    """A page whose Content-Security-Policy allows exactly the scripts and styles that stand in it.

    The policy lists the hash of each, so a script that got in through a text of the data would not run even if the
    escaping failed; and it forbids every request but those to the origin of the tiles, when there is one.
    """

    def __init__(self, title: str, tile_origin: str | None = None) -> None:
        super().__init__(title=escape(title))
        self._tile_origin = tile_origin
        self.header.add_child(Literal(_POLICY_MARK), name="policy")

    def render(self, **kwargs: Any) -> str:
        """The whole page."""
        # folium forbids readers to enlarge the page, which those with weak eyes need.
        page = _VIEWPORT.sub(_ENLARGEABLE, super().render(**kwargs))
        return page.replace(_POLICY_MARK, f'<meta http-equiv="Content-Security-Policy" content="{self._policy(page)}">')

    def _policy(self, page: str) -> str:
        found: dict[str, list[str]] = {"script": [], "style": []}
        for kind, text in _INLINE.findall(page):
            # The parser of the browser turns CR LF into LF before it takes the hash.
            digest = hashlib.sha256(text.replace("\r\n", "\n").encode()).digest()
            found[kind].append(f"'sha256-{base64.b64encode(digest).decode()}'")
        images = " ".join(["data:", "blob:", *([self._tile_origin] if self._tile_origin else [])])
        rules = {
            "default-src": "'none'",
            "script-src": " ".join(dict.fromkeys(found["script"])),
            "style-src": " ".join(dict.fromkeys(found["style"])),
            "img-src": images,
            "base-uri": "'none'",
            "form-action": "'none'",
        }
        return "; ".join(f"{name} {value}" for name, value in rules.items())


class Literal(Element):
    """An element that renders its text as it is; the text of branca's own elements is a Jinja template."""

    _template = Template("{{ this.text }}")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class Atlas(MacroElement):
    """Starts the page's own script on the folium map it is added to."""

    _template = Template("{% macro script(this, kwargs) %}startAtlas({{ this._parent.get_name() }});{% endmacro %}")

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # branca has no types


def new_figure(content: dict[str, Any], tile_origin: str | None) -> OfflineFigure:
    """The page with Leaflet, styles, scripts and data in it, but no map yet."""
    title = content["title"][LANGUAGES.index(content["language"])] if content["title"] else ""
    figure = OfflineFigure(title, tile_origin)
    figure.header.add_child(Literal(f"<style>{_leaflet_style()}</style>"), name="leaflet_css")
    figure.header.add_child(Literal(f"<script>{_leaflet_script()}</script>"), name="leaflet")
    figure.header.add_child(Literal(f"<style>{_own('atlas.css')}</style>"), name="atlas_css")
    data = f'<script type="application/json" id="atlas-data">{as_json(content)}</script>'
    figure.header.add_child(Literal(data), name="atlas_data")  # The script reads it as it loads.
    figure.header.add_child(Literal(f"<script>{_atlas_script()}</script>"), name="atlas")
    # First in the body, so that the keyboard reaches the controls before the map.
    figure.html.add_child(Literal(_own("page.html")), name="atlas_page")
    return figure


def as_json(value: Any) -> str:
    """JSON that may stand inside a script element: nothing in it can end the element or begin another."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _atlas_script() -> str:
    """The page's scripts as one function; each file may use the names of those before it, none is global."""
    body = "\n".join(_own(f"script/{name}") for name in _SCRIPTS)
    return f'var startAtlas = (function () {{\n"use strict";\n{body}\nreturn start;\n}})();'


def _own(name: str) -> str:
    return files("sinks.output.map").joinpath(name).read_text(encoding="utf-8")


def _leaflet_script() -> str:
    script = files("xstatic.pkg.leaflet").joinpath("data/leaflet.js").read_text(encoding="utf-8")
    # A reference to the source map would make developer tools ask a server for it.
    return re.sub(r"//# sourceMappingURL=.*", "", script)


def _leaflet_style() -> str:
    folder = files("xstatic.pkg.leaflet").joinpath("data")

    def inlined(found: re.Match[str]) -> str:
        image = base64.b64encode(folder.joinpath(found[1]).read_bytes()).decode()
        return f"url(data:image/png;base64,{image})"

    return _IMAGE.sub(inlined, folder.joinpath("leaflet.css").read_text(encoding="utf-8"))
