// The controls that lie on the map: legend, path of regions, north, scale, zoom.

/** A Leaflet control around an element. */
function onMap(map, element, position) {
  const control = new L.Control({ position });
  control.onAdd = () => {
    L.DomEvent.disableClickPropagation(element);
    L.DomEvent.disableScrollPropagation(element);
    return element;
  };
  return control.addTo(map);
}

function makeControls(map) {
  // A phone has no room for a legend beside the regions: there it is folded until it is asked for.
  const legend = html("details", { id: "legend", class: "box" });
  legend.open = window.innerWidth > 800;
  const crumbs = html("nav", { id: "crumbs", class: "box" });
  const north = html("div", { id: "north", class: "box" });
  onMap(map, crumbs, "topleft");
  onMap(map, north, "topright");
  L.control.zoom({ position: "topright" }).addTo(map);
  L.control.scale({ imperial: false, maxWidth: 140, position: "bottomright" }).addTo(map);
  onMap(map, legend, "topleft");
  return { legend, crumbs, north };
}

function drawNorth(element) {
  const arrow = svg("path", { d: "M10,1 L17,22 L10,17.5 L3,22 Z", fill: INK });
  const letter = svg("text", { x: 10, y: 37, "text-anchor": "middle", "font-size": 14, fill: INK }, say("map.north"));
  element.replaceChildren(svg("svg", { width: 20, height: 40, role: "img", "aria-label": say("map.north") }, arrow, letter));
}

function drawCrumbs(element, code, open) {
  element.setAttribute("aria-label", say("crumb"));
  // Regions side by side have no region above them to go back to, so the way begins at all of them.
  const path = root === null ? [null, ...lineage(code)] : lineage(code);
  const nameOf = (at) => (at === null ? say("crumb.all") : regions.get(at).name);
  const parts = path.map((at, i) => {
    if (i === path.length - 1) return html("span", { "aria-current": "page" }, nameOf(at));
    const button = html("button", { type: "button", "data-code": at || "" }, nameOf(at));
    button.addEventListener("click", () => open(at));
    return button;
  });
  element.hidden = path.length < 2;
  element.replaceChildren(...parts.flatMap((part, i) => (i ? ["›", part] : [part])));
}

/** What the legend says, once for the page and once for the exported image. */
function legendLines(layer, scale, absences) {
  const ecosystem = ofWhole(layer) ? say("ecosystem.all") : ecosystemName(state.ecosystem);
  const classes = [...scale.classes].reverse().map((c) => ({ colour: c.colour, text: classLabel(c), negative: Boolean(c.negative), radius: layer.measure === "total" ? c.radius : null }));
  if (absences.length) classes.push({ colour: MISSING, text: absences.join(say("separator")), negative: false });
  return {
    title: say("layer." + layer.id) + " (" + unitOf(layer) + ")",
    subtitle: ecosystem + " · " + state.period,
    classes,
    notes: notesOf(layer),
  };
}

/** The legend of the painted raster: its colour scale, named at the two ends. */
function rasterLines() {
  const { low, high, colours, name, unit } = data.overlay;
  const last = colours.length - 1;
  const ends = { 0: "≤ " + figure(low, 2), [last]: "≥ " + figure(high, 2) };
  const classes = colours.map((colour, i) => ({ colour, text: ends[i] || "", negative: false })).reverse();
  return { title: unit ? name + " (" + unit + ")" : name, subtitle: "", classes, notes: [say("legend.raster")] };
}

function notesOf(layer) {
  const notes = [];
  if (layer.scale === "diverging" && layer.quantity === "net_removals") notes.push(say("note.sign"));
  if (layer.quantity === "stock_change") notes.push(say("note.change"));
  if (["per_area", "relative", "coverage", "noise", "assessment"].includes(layer.measure)) notes.push(say("note." + layer.measure));
  return notes;
}

function sourceLines() {
  const lines = [];
  if (data.methodologies.length) lines.push(say("legend.from", { names: data.methodologies.map(spoken).join(say("separator")) }));
  if (data.boundaries.length) lines.push(say("legend.boundaries", { name: spoken(data.boundaries) }));
  lines.push(say("legend.date", { date: spoken(data.created) }));
  return lines;
}

/** A square of colour, or the circle of a total; a class of sources has a dashed edge, so that it shows without colour too. */
function swatch(c, x = 0.5, y = 0.5) {
  const dashes = c.negative ? { stroke: SOURCE_EDGE, "stroke-dasharray": "3 2", "stroke-width": 1.5 } : { stroke: "#51655f", "stroke-width": 0.7 };
  if (c.radius) return svg("circle", { cx: x + 12.5, cy: y + 7, r: c.radius, fill: c.colour, ...dashes });
  return svg("rect", { x, y, width: 25, height: 14, fill: c.colour, ...dashes });
}

function drawLegend(element, lines) {
  const items = lines.classes.map((c) => html("li", {}, svg("svg", { width: 26, height: c.radius ? 22 : 15, "aria-hidden": "true" }, swatch(c, 0.5, c.radius ? 4 : 0.5)), c.text));
  // Where the figures are from stands at the foot of the page; on the map it would only cover regions.
  const notes = lines.notes.map((text) => html("p", { class: "small" }, text));
  const title = html("summary", {}, html("h2", {}, lines.title));
  element.replaceChildren(title, html("p", {}, lines.subtitle), html("ul", {}, items), ...notes);
}
