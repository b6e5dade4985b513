// The map as an image: an SVG of the present view with title, legend and caveats, painted on a canvas. No library, and
// no tile: pictures of another server would make the canvas unreadable.

const FONTS = '"Microsoft YaHei","PingFang SC","Noto Sans CJK SC","WenQuanYi Zen Hei",SimHei,sans-serif';

/** The poster as an SVG element; `scene` is {map, view, legend, raster}. */
function poster(scene) {
  const size = scene.map.getSize();
  const [width, head, foot] = [Math.max(size.x, 900), 74, 46];
  const height = head + size.y + foot;
  const text = (x, y, content, attributes = {}) => svg("text", { x, y, fill: INK, "font-size": 14, ...attributes }, content);
  const title = pageTitle();
  const parts = [
    missingPattern(),
    svg("rect", { width, height, fill: "#ffffff" }),
    svg("svg", { x: 0, y: head, width: size.x, height: size.y, viewBox: `0 0 ${size.x} ${size.y}` }, mapPicture(scene, size)),
    text(16, 32, title, { "font-size": 24, "font-weight": 600 }),
    text(16, 58, [scene.legend.title, scene.legend.subtitle].filter(Boolean).join(" · "), { "font-size": 16 }),
    legendPicture(scene.legend, head + 12),
    text(16, head + size.y + 20, [say("internal"), leadingLine(), failedLine()].filter(Boolean).join("  "), { "font-size": 12 }),
    text(16, head + size.y + 38, sourceLines().join("  ·  "), { "font-size": 12 }),
  ];
  if (data.demonstration) parts.push(text(width - 16, 32, say("demonstration").split(/[：:]/)[0], { "font-size": 20, "text-anchor": "end", fill: "#8a3b00", "font-weight": 600 }));
  return svg("svg", { xmlns: SVG, width, height, viewBox: `0 0 ${width} ${height}`, "font-family": FONTS }, parts);
}

/** Leaflet's own drawing, moved to where the container shows it, with the raster below and the names above. */
function mapPicture({ map, view, raster }, size) {
  const surface = view.surface().getBoundingClientRect();
  const frame = map.getContainer().getBoundingClientRect();
  const copy = view.surface().cloneNode(true);
  copy.removeAttribute("style");
  copy.removeAttribute("class");
  copy.setAttribute("x", surface.left - frame.left);
  copy.setAttribute("y", surface.top - frame.top);
  copy.querySelectorAll("path").forEach((path) => [...path.attributes].forEach((a) => /^(aria|data|role|tab|class)/.test(a.name) && path.removeAttribute(a.name)));
  const names = view.placeNames().map(({ code, x, y }) =>
    svg("text", { x, y: y + 5, "font-size": 13, "text-anchor": "middle", fill: INK, stroke: "#ffffff", "stroke-width": 3, "paint-order": "stroke", "stroke-linejoin": "round" }, regions.get(code).name));
  return [svg("rect", { width: size.x, height: size.y, fill: "#e9eff0" }), rasterPicture(map, raster), copy, names, northPicture(size), scalePicture(map, size)].flat();
}

function rasterPicture(map, shown) {
  if (!shown) return [];
  const [[south, west], [north, east]] = data.overlay.bounds;
  const [a, b] = [map.latLngToContainerPoint([north, west]), map.latLngToContainerPoint([south, east])];
  return [svg("image", { href: data.overlay.image, x: a.x, y: a.y, width: b.x - a.x, height: b.y - a.y, preserveAspectRatio: "none" })];
}

function northPicture(size) {
  const arrow = svg("path", { d: "M10,1 L17,22 L10,17.5 L3,22 Z", fill: INK });
  const letter = svg("text", { x: 10, y: 37, "text-anchor": "middle", "font-size": 14, fill: INK }, say("map.north"));
  return [svg("g", { transform: `translate(${size.x - 40},16)` }, arrow, letter)];
}

function scalePicture(map, size) {
  const bar = map.getContainer().querySelector(".leaflet-control-scale-line");
  const [right, bottom] = [size.x - 20, size.y - 16];
  const left = right - bar.offsetWidth;
  const line = svg("path", { d: `M${left},${bottom - 7} V${bottom} H${right} V${bottom - 7}`, fill: "none", stroke: INK, "stroke-width": 2 });
  return [line, svg("text", { x: (left + right) / 2, y: bottom - 5, "font-size": 12, "text-anchor": "middle", fill: INK }, bar.textContent)];
}

/** Whether a check bears on every figure, so that it is named before all others. */
function isLeading(check) {
  return data.labels["leading." + check.check] !== undefined;
}

/** The names of the checks that bear on every figure, each once. */
function leadingLine() {
  const names = [...new Set(data.checks.filter(isLeading).map((check) => say("leading." + check.check)))];
  return names.length ? names.join(say("separator")) + say("stop") : "";
}

function failedLine() {
  const count = data.checks.filter((check) => check.status === "failed").length;
  return count ? say("poster.failed", { count }) : "";
}

function legendPicture(lines, top) {
  const height = lines.classes.length * 20 + 34;
  const items = lines.classes.flatMap((c, i) => [
    swatch(c, 26, top + 26 + i * 20), svg("text", { x: 60, y: top + 38 + i * 20, "font-size": 13, fill: INK }, c.text),
  ]);
  const box = svg("rect", { x: 12, y: top, width: 250, height, fill: "#ffffff", "fill-opacity": 0.95, stroke: "#d5ddd9" });
  const unit = svg("text", { x: 26, y: top + 18, "font-size": 13, "font-weight": 600, fill: INK }, lines.title);
  return svg("g", {}, box, unit, items);
}

/** The poster as PNG at twice the screen's resolution. */
async function paintPoster(scene) {
  const drawing = poster(scene);
  const image = new Image();
  image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(new XMLSerializer().serializeToString(drawing));
  await image.decode();
  const canvas = html("canvas", { width: 2 * drawing.getAttribute("width"), height: 2 * drawing.getAttribute("height") });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

async function savePoster(scene) {
  const address = URL.createObjectURL(await paintPoster(scene));
  html("a", { href: address, download: `${state.layer}_${state.period}.png` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}
