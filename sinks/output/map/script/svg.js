// Elements made one by one: text from the data only ever becomes text, never markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, parts) {
  Object.entries(attributes).forEach(([name, value]) => {
    if (value !== null && value !== undefined) element.setAttribute(name, value);
  });
  parts.flat().forEach((part) => element.append(part));
  return element;
}

/** An HTML element with attributes and children (elements or text). */
function html(tag, attributes = {}, ...parts) {
  return fill(document.createElement(tag), attributes, parts);
}

/** An SVG element with attributes and children (elements or text). */
function svg(tag, attributes = {}, ...parts) {
  return fill(document.createElementNS(SVG, tag), attributes, parts);
}

/** The hatching of regions without a figure. */
function missingPattern() {
  const lines = svg("path", { d: "M-1,1 l2,-2 M0,8 l8,-8 M7,9 l2,-2", stroke: "#8b9894", "stroke-width": 1 });
  const ground = svg("rect", { width: 8, height: 8, fill: "#f7f8f8" });
  return svg("defs", {}, svg("pattern", { id: "missing", width: 8, height: 8, patternUnits: "userSpaceOnUse" }, ground, lines));
}

/**
 * Horizontal bars from zero, with intervals.
 * items: [{label, value, low, high, colour, text, raw, open}]; `open` makes the bar a button.
 */
function barChart(items, label) {
  const [width, row, left, right] = [400, 22, 112, 84];
  const ends = items.flatMap((item) => [item.value, item.low, item.high]).filter((v) => v !== null && v !== undefined);
  const [least, most] = [Math.min(0, ...ends), Math.max(0, ...ends)];
  const x = (value) => left + ((value - least) / (most - least || 1)) * (width - left - right);
  const height = items.length * row + 4;
  const bars = items.map((item, i) => bar(item, i * row + 2, row, x, width));
  const axis = svg("line", { x1: x(0), x2: x(0), y1: 0, y2: height, stroke: "#51655f" });
  return svg("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": label }, bars, axis);
}

function bar(item, top, row, x, width) {
  const middle = top + row / 2;
  const parts = [
    svg("title", {}, item.label + " " + item.text),
    svg("rect", { x: 0, y: top, width, height: row, fill: "transparent" }),
    svg("text", { x: 106, y: middle + 4, "text-anchor": "end" }, shortened(item.label)),
    svg("text", { x: width, y: middle + 4, "text-anchor": "end" }, item.text),
  ];
  if (item.value !== null) {
    const [from, to] = [Math.min(x(0), x(item.value)), Math.max(x(0), x(item.value))];
    const shape = { x: from, y: top + 4, width: Math.max(to - from, 0.5), height: row - 8, fill: item.colour };
    parts.push(svg("rect", { ...shape, stroke: "#51655f", "stroke-width": 0.5 }));
    if (item.low !== null && item.high !== null) {
      const d = `M${x(item.low)},${middle} H${x(item.high)} M${x(item.low)},${middle - 4} v8 M${x(item.high)},${middle - 4} v8`;
      parts.push(svg("path", { d, stroke: "#ffffff", "stroke-width": 3.4, "stroke-opacity": 0.75, fill: "none" }));
      parts.push(svg("path", { d, stroke: "#16302b", "stroke-width": 1.3, fill: "none" }));
    }
  }
  const group = svg("g", { "data-code": item.code, "data-value": item.raw }, parts);
  if (item.open) asButton(group, item.label + say("colon") + item.text, item.open);
  return group;
}

function shortened(label) {
  let units = 0;
  const kept = [...label].filter((c) => (units += c.charCodeAt(0) > 255 ? 2 : 1.1) <= 17).join("");
  return kept.length < label.length ? kept + "…" : kept;
}

/** Make any element work as a button, for the mouse and the keyboard. */
function asButton(element, label, action) {
  element.classList.add("link");
  element.setAttribute("role", "button");
  element.setAttribute("tabindex", "0");
  element.setAttribute("aria-label", label);
  element.addEventListener("click", action);
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    action();
  });
}
