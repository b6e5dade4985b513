// The panel of one region: key figures, table of ecosystems and pools, bars with intervals, ranking of what is within.

const TEN_THOUSANDTH = 1e-4;
const LONG_RANKING = 16;
const anyInterval = rows.low.some((low) => low !== null);

/** Signed colouring that does not rest on colour alone: the minus sign is always there. */
function signClass(value) {
  return value !== null && value < 0 ? "negative" : null;
}

/** Elements of the panel for the selected region. `open(code)` goes to a region. */
function drawPanel(element, view, open) {
  const { code, layer } = view;
  const parts = code === null ? [html("h2", {}, pageTitle())] : heading(code);
  if (code !== null && layer.measure !== "assessment") parts.push(cards(view));
  if (code !== null && layer.measure === "assessment") parts.push(html("dl", { class: "cards" }, layerCard(view), offsetCards(view)));
  const ranked = view.ranked.length ? [ranking(view, open)] : [];
  // A share of the area and a ratio of errors have no pools.
  const detail = code !== null && !ofWhole(layer) && layer.measure !== "coverage" ? [poolTable(view), ecosystemChart(view)] : [];
  // A long ranking would push the table out of sight.
  parts.push(...(view.ranked.length > LONG_RANKING ? [...detail, ...ranked] : [...ranked, ...detail]));
  parts.push(html("p", { class: "quiet" }, [say("panel.blank"), anyInterval ? say("panel.interval") : ""].join("")), html("p", { class: "quiet" }, say("panel.rounding")));
  element.replaceChildren(...parts);
}

function heading(code) {
  const region = regions.get(code);
  const about = [term("level", region.level), say("panel.code", { code })];
  if (region.parent) about.push(regions.get(region.parent).name);
  return [html("h2", {}, region.name), html("p", { class: "quiet" }, about.join(" · "))];
}

function card(name, value, unit, raw, range) {
  const number = html("dd", { class: signClass(raw), "data-value": raw }, value + " ", html("small", {}, unit));
  return html("div", {}, html("dt", {}, name), number, range ? [html("dd", { class: "range" }, range)] : []);
}

/** The shown layer's figure for the region. */
function layerCard({ code, layer, ecosystem, period }) {
  const found = headline(layer, code, ecosystem, period);
  if (!found) return card(say("layer." + layer.id), withheld(layer, code, period) ? say("withheld") : "–", "", null);
  return card(say("layer." + layer.id), shownIn(layer, found.value), unitOf(layer), found.value, interval(found, layer));
}

/** A value of a layer in its unit. */
function shownIn(layer, value) {
  return layer.measure === "coverage" ? percentage(value, layer.decimals) : figure(value * layer.factor, layer.decimals);
}

function interval(found, layer) {
  if (partial(found)) return covers(found);
  if (!found || found.low === null || found.high === null) return "";
  const [low, high] = [found.low, found.high].map((v) => figure(v * layer.factor, layer.decimals));
  return say("legend.interval", { low, high });
}

function cards(view) {
  const { code, layer, ecosystem, period } = view;
  const date = lastDate(period);
  const area = entry(code, ecosystem, "all", "area", date);
  const shown = [layerCard(view)];
  if (layer.measure !== "total") {
    const total = data.layers.find((other) => other.quantity === layer.quantity && other.measure === "total");
    if (total) shown.push(layerCard({ ...view, layer: total }));
  }
  if (area) shown.push(card(say("panel.area") + " " + date, figure(area.value * TEN_THOUSANDTH, 2), say("unit.area"), area.value));
  // The observed land, as the report has it and the layer of that name; that of a change is known at both dates besides.
  if (area && area.coverage !== null) {
    shown.push(card(say("panel.coverage"), percentage(area.coverage, 1), "%", area.coverage));
  }
  return html("dl", { class: "cards" }, shown);
}

/** What the offset share is made of. */
function offsetCards({ code, layer, period }) {
  const shown = (quantity) => {
    const found = assessed(code, quantity, period);
    if (quantity === layer.quantity && withheld(layer, code, period)) return card(say("panel." + quantity), say("withheld"), "", null);
    const value = found ? found.value : null;
    return card(say("panel." + quantity), figure(value === null ? null : value * TEN_THOUSANDTH, 2), say("unit.tonnes_co2"), value);
  };
  return [shown(layer.quantity), shown("emissions")];
}

/** The total layer of the shown layer's quantity: the table and the bars are in its unit. */
function totalLayer(layer) {
  return data.layers.find((other) => other.quantity === layer.quantity && other.measure === "total") || layer;
}

function poolTable({ code, layer, period }) {
  const total = totalLayer(layer);
  const found = (ecosystem, pool) => entry(code, ecosystem, pool, layer.quantity, period);
  const lands = Object.keys(data.terms.ecosystem);
  const pools = Object.keys(data.terms.pool).filter((pool) => lands.some((land) => found(land, pool)));
  const head = html("tr", {}, html("th", { scope: "col" }, say("ecosystem")), pools.map((pool) => html("th", { scope: "col" }, pool === "all" ? say("panel.total") : term("pool", pool))));
  const body = lands.filter((land) => pools.some((pool) => found(land, pool))).map((land) => {
    const cells = pools.map((pool) => tableCell(found(land, pool), total, land, pool));
    const name = land === "all" ? say("panel.total") : term("ecosystem", land);
    return html("tr", { class: land === "all" ? "total" : null }, html("th", { scope: "row" }, name), cells);
  });
  const caption = say("panel.table", { quantity: term("quantity", layer.quantity) + " " + period, unit: unitOf(total) });
  const table = html("table", { id: "pools" }, html("thead", {}, head), html("tbody", {}, body));
  return html("section", {}, html("h3", {}, caption), remark(layer, code, period), html("div", { class: "scroll" }, table));
}

/** That the figures of a table are no result, where they may be noise of the maps. */
function remark(layer, code, period) {
  return withheld(layer, code, period) ? [html("p", { class: "quiet" }, say("withheld.table"))] : [];
}

function tableCell(found, layer, land, pool) {
  const value = found ? found.value : null;
  const shown = value === null ? null : value * layer.factor;
  return html("td", { "data-ecosystem": land, "data-pool": pool, "data-value": value, class: signClass(value) }, figure(shown, layer.decimals));
}

function ecosystemChart({ code, layer, period }) {
  const total = totalLayer(layer);
  const lands = Object.keys(data.terms.ecosystem).filter((land) => land !== "all");
  const items = lands.map((land) => ({ land, found: entry(code, land, "all", layer.quantity, period) })).filter((item) => item.found);
  const bars = items.map(({ land, found }) => barItem(term("ecosystem", land), found, total, found.value < 0 ? "#d8a15a" : "#5aa69a"));
  const caption = say("panel.chart", { quantity: term("quantity", layer.quantity) + " " + period, unit: unitOf(total) });
  return html("section", { id: "chart" }, html("h3", {}, caption), remark(layer, code, period), barChart(bars, caption));
}

function barItem(label, found, layer, colour) {
  const times = (v) => (v === null || v === undefined ? null : v * layer.factor);
  const shown = found ? { value: times(found.value), low: times(found.low), high: times(found.high) } : { value: null, low: null, high: null };
  return { label, ...shown, colour, text: figure(shown.value, layer.decimals), raw: found ? found.value : null };
}

function ranking({ layer, ecosystem, period, ranked, colourOf }, open) {
  const items = ranked.map((code) => ({ code, found: headline(layer, code, ecosystem, period) }));
  const value = (item) => (item.found ? item.found.value : -Infinity);
  items.sort((a, b) => value(b) - value(a));
  const bars = items.map(({ code, found }) => ({
    ...barItem(regions.get(code).name, found, layer, colourOf(code)), code, open: () => open(code),
    ...(withheld(layer, code, period) ? { text: say("withheld.short") } : {}),
  }));
  const caption = say("panel.ranking", { layer: say("layer." + layer.id) + " " + period, unit: unitOf(layer) });
  return html("section", { id: "ranking" }, html("h3", {}, caption), barChart(bars, caption));
}
