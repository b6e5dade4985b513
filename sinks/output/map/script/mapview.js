// The polygons on the Leaflet map. Outlines are Leaflet's, colours come from the scale, clicks go to `open`.

const INK = "#16302b";
const SOURCE_EDGE = "#8c3f04";
const GROUND = "#eef2ef";

/** Draws regions on `map`; `open(code)` is called when one is chosen. */
function makeMapView(map, open) {
  const renderer = L.svg({ padding: 0.5 });
  // What the page is for, so that a screen reader can go to it at once.
  map.getContainer().setAttribute("role", "main");
  const ground = L.layerGroup().addTo(map);
  const names = L.layerGroup().addTo(map);
  const circles = new Map();
  let drawn = [];
  let image = null;

  function latlngs(code) {
    return regions.get(code).outline.map((polygon) => polygon.map((ring) => ring.map(([x, y]) => [y, x])));
  }

  function bounds(code) {
    return code === null ? boundsOf(tops) : L.latLngBounds(latlngs(code).flat(2));
  }

  function boundsOf(codes) {
    return codes.reduce((all, code) => all.extend(bounds(code)), L.latLngBounds([]));
  }

  function polygon(code, style) {
    return L.polygon(latlngs(code), { renderer, smoothFactor: 0.7, ...style });
  }

  /** view: {coloured, context, edges, selected, styleOf, circleOf, describe, label} */
  function draw(view) {
    const held = document.activeElement && document.activeElement.getAttribute("data-code");
    ground.clearLayers();
    circles.clear();
    view.context.forEach((code) => choosable(code, view, { color: "#9aa8a3", weight: 1, fillColor: "#d3dcd9", fillOpacity: 0.8 }));
    view.coloured.forEach((code) => choosable(code, view, view.styleOf(code)));
    view.edges.forEach((code) => polygon(code, { fill: false, interactive: false, color: INK, weight: 1.6 }).addTo(ground));
    view.coloured.forEach((code) => drawCircle(code, view.circleOf(code)));
    if (view.selected) polygon(view.selected, { fill: false, interactive: false, color: "#000000", weight: 3 }).addTo(ground);
    drawn = view.coloured;
    const surface = renderer._container;
    if (surface && !surface.querySelector("#missing")) surface.prepend(missingPattern());
    map.getContainer().setAttribute("aria-label", view.label);
    const again = held && map.getContainer().querySelector(`path[data-code="${CSS.escape(held)}"]`);
    if (again) again.focus({ preventScroll: true });
    drawNames();
  }

  function choosable(code, view, style) {
    const shape = polygon(code, style).addTo(ground);
    shape.bindTooltip(() => view.describe(code), { sticky: true, className: "tip", opacity: 1 });
    const element = shape.getElement();
    element.setAttribute("data-code", code);
    asButton(element, view.describe(code).innerText || regions.get(code).name, () => open(code));
    shape.on("mouseover", () => element.setAttribute("stroke-width", "3"));
    shape.on("mouseout", () => element.setAttribute("stroke-width", String(style.weight)));
  }

  function drawCircle(code, style) {
    if (!style) return;
    const [x, y] = regions.get(code).label_at;
    const circle = L.circleMarker([y, x], { renderer, interactive: false, ...style }).addTo(ground);
    circle.getElement().setAttribute("data-circle", code);
    circles.set(code, style.radius);
  }

  // Names are placed by size of the region; one that would touch another, or leave its region far behind, is left out.
  function drawNames() {
    names.clearLayers();
    placeNames().forEach(({ code, width, below }) => {
      const [x, y] = regions.get(code).label_at;
      const icon = L.divIcon({ className: "place", html: html("span", {}, regions.get(code).name), iconSize: [width, 16], iconAnchor: [width / 2, 8 - below] });
      L.marker([y, x], { icon, interactive: false, keyboard: false }).addTo(names);
    });
  }

  /** Names that fit at the present zoom, below the circle where there is one: [{code, x, y, width, below}] in pixels. */
  function placeNames() {
    const placed = [];
    const sizes = drawn.map((code) => ({ code, across: pixelWidth(code) })).sort((a, b) => b.across - a.across);
    sizes.forEach(({ code, across }) => {
      const name = regions.get(code).name;
      const width = [...name].reduce((sum, c) => sum + (c.charCodeAt(0) > 255 ? 13 : 6.6), 6);
      const [x, y] = regions.get(code).label_at;
      const below = circles.has(code) ? circles.get(code) + 8 : 0;
      const at = map.latLngToContainerPoint([y, x]).add([0, below]);
      const free = placed.every((p) => Math.abs(p.x - at.x) > (p.width + width) / 2 || Math.abs(p.y - at.y) > 17);
      if (free && width < Math.max(across * 1.15, 30)) placed.push({ code, x: at.x, y: at.y, width, below });
    });
    return placed;
  }

  function pixelWidth(code) {
    const box = bounds(code);
    return map.latLngToContainerPoint(box.getSouthEast()).x - map.latLngToContainerPoint(box.getSouthWest()).x;
  }

  function showRaster(shown) {
    if (image) image.remove();
    image = shown ? L.imageOverlay(data.overlay.image, data.overlay.bounds, { opacity: 0.95, alt: data.overlay.name }).addTo(map) : null;
    if (image) image.bringToBack();
  }

  /** Show the whole region, beside the legend when it would lie on the region. */
  function fit(code) {
    map.invalidateSize({ animate: false, pan: false });
    map.fitBounds(bounds(code), { animate: false, padding: [18, 18] });
    const legend = map.getContainer().querySelector("#legend");
    const right = legend.offsetLeft + legend.offsetParent.offsetLeft + legend.offsetWidth + 14;
    const bottom = legend.offsetTop + legend.offsetHeight + 14;
    const covered = (code === null ? tops : [code]).some((shown) => latlngs(shown).flat(2).some((at) => {
      const point = map.latLngToContainerPoint(at);
      return point.x < right && point.y < bottom;
    }));
    if (covered) map.fitBounds(bounds(code), { animate: false, paddingTopLeft: [right, 18], paddingBottomRight: [18, 18] });
  }

  map.on("zoomend", drawNames);
  return { draw, fit, placeNames, showRaster, surface: () => renderer._container };
}
