// The polygons on the Leaflet map. Outlines are Leaflet's, colours come from the scale, clicks go to `open`.

const INK = "#16302b";
const SOURCE_EDGE = "#8c3f04";
const GROUND = "#eef2ef";

// Height of a line of a name; places round a region that are tried for its name; regions up to which they are.
const LINE = 16;
const [RINGS, TURNS] = [7, 16];
const MOST_BESIDE = 30;

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
  // The region that the view was fitted to, as long as nobody has moved it since.
  let fitted;

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

  function drawNames() {
    names.clearLayers();
    placeNames().forEach(({ code, x, y, width, leader }) => {
      const icon = L.divIcon({ className: "place", html: html("span", {}, regions.get(code).name), iconSize: [width, LINE], iconAnchor: [width / 2, LINE / 2] });
      const ends = leader.map((point) => map.containerPointToLatLng(point));
      if (ends.length) L.polyline(ends, { renderer, interactive: false, color: INK, weight: 1 }).addTo(names);
      L.marker(map.containerPointToLatLng([x, y]), { icon, interactive: false, keyboard: false }).addTo(names);
    });
  }

  /**
   * Names at the present zoom, none on another: [{code, x, y, width, leader}] in pixels.  A name that fits stands in
   * its region, below the circle where there is one.  Of few regions the others stand beside theirs, with a line that
   * leads there; of many they are left out until the map is enlarged.
   */
  function placeNames() {
    const placed = [];
    const wanted = drawn.map(wantedName).sort((a, b) => b.fits - a.fits || b.across - a.across);
    wanted.forEach((name) => {
      const inside = name.fits && isFree(name.at, name.width, placed) ? name.at : null;
      const place = inside || (drawn.length <= MOST_BESIDE ? placeBeside(name, placed) : null);
      if (place) placed.push({ code: name.code, x: place.x, y: place.y, width: name.width, leader: inside ? [] : leader(name, place) });
    });
    return placed;
  }

  function wantedName(code) {
    const width = [...regions.get(code).name].reduce((sum, c) => sum + (c.charCodeAt(0) > 255 ? 13 : 6.6), 6);
    const [x, y] = regions.get(code).label_at;
    const from = map.latLngToContainerPoint([y, x]);
    const across = pixelWidth(code);
    const at = from.add([0, circles.has(code) ? circles.get(code) + 8 : 0]);
    return { code, width, across, from, at, fits: width < Math.max(across * 1.15, 30) };
  }

  function isFree(at, width, placed) {
    return placed.every((p) => Math.abs(p.x - at.x) > (p.width + width) / 2 || Math.abs(p.y - at.y) > LINE + 1);
  }

  /** The nearest place round a region where its name meets no other, no box of the map and not its edge. */
  function placeBeside({ from, width }, placed) {
    const size = map.getSize();
    const boxes = boxesOnMap();
    for (let ring = 1; ring <= RINGS; ring += 1) {
      for (let turn = 0; turn < TURNS; turn += 1) {
        const angle = Math.PI / 2 + (2 * Math.PI * turn) / TURNS;
        const at = from.add([Math.cos(angle) * (width / 2 + ring * 7), Math.sin(angle) * ring * 12]);
        const onMap = at.x > width / 2 && at.x < size.x - width / 2 && at.y > LINE && at.y < size.y - LINE;
        const covered = boxes.some((box) => at.x + width / 2 > box.left && at.x - width / 2 < box.right && at.y + LINE / 2 > box.top && at.y - LINE / 2 < box.bottom);
        if (onMap && !covered && isFree(at, width, placed)) return at;
      }
    }
    return null;
  }

  /** From the region to the edge of its name; nothing where they nearly touch. */
  function leader({ from, width }, place) {
    const way = place.subtract(from);
    const inside = Math.min(width / 2 / Math.abs(way.x || 1e-9), LINE / 2 / Math.abs(way.y || 1e-9), 1);
    const end = place.subtract(way.multiplyBy(inside));
    return from.distanceTo(end) < 5 ? [] : [from, end];
  }

  /** What lies over the map, in pixels of the map. */
  function boxesOnMap() {
    const frame = map.getContainer().getBoundingClientRect();
    return [...map.getContainer().querySelectorAll(".leaflet-control")].map((control) => control.getBoundingClientRect())
      .map((box) => ({ left: box.left - frame.left, right: box.right - frame.left, top: box.top - frame.top, bottom: box.bottom - frame.top }));
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

  /** Show the whole region, clear of the legend when it would lie on the region. */
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
    if (covered) {
      // Beside the legend or below it: whichever shows more.
      const ways = [L.point(right, 18), L.point(18, bottom)];
      const zoom = (way) => map.getBoundsZoom(bounds(code), false, way.add([18, 18]));
      const best = zoom(ways[1]) > zoom(ways[0]) ? ways[1] : ways[0];
      map.fitBounds(bounds(code), { animate: false, paddingTopLeft: best, paddingBottomRight: [18, 18] });
    }
    fitted = code;
    drawNames();
  }

  /** The map has another size: what was seen whole is seen whole again. */
  function resized() {
    const code = fitted;
    map.invalidateSize({ animate: false, pan: false });
    if (code !== undefined) fit(code);
  }

  map.on("moveend", () => { fitted = undefined; });
  map.on("zoomend", drawNames);
  return { draw, fit, resized, placeNames, showRaster, surface: () => renderer._container };
}
