// The account's figures, and the ratios the layers show. Nothing is summed here: every total is a row of the account.

const rows = data.rows;
const entries = new Map();
rows.value.forEach((value, i) => {
  const key = ["region_code", "ecosystem", "pool", "quantity", "period"].map((c) => rows[c].words[rows[c].at[i]]);
  entries.set(key.join("\u0000"), { value, low: rows.low[i], high: rows.high[i], coverage: rows.coverage[i], share: rows.uncertain_share[i] });
});

const offsets = new Map();
data.offsets.value.forEach((value, i) => {
  const key = ["region_code", "quantity", "year"].map((c) => data.offsets[c].words[data.offsets[c].at[i]]);
  offsets.set(key.join("\u0000"), { value, low: data.offsets.low[i], high: data.offsets.high[i] });
});

const signals = new Map(data.signals.value.map((value, i) =>
  [["region_code", "period"].map((c) => data.signals[c].words[data.signals[c].at[i]]).join("\u0000"), value]));

const regions = new Map(data.regions.map((region) => [region.code, region]));
const children = new Map(data.regions.map((region) => [region.code, []]));
data.regions.forEach((region) => region.parent && children.get(region.parent).push(region.code));
const tops = data.regions.filter((region) => !region.parent).map((region) => region.code);

/** The region that holds all others; null when the run has several side by side. */
const root = tops.length === 1 ? tops[0] : null;

/** Regions directly within a region; within null are those at the top. */
function within(code) {
  return code === null ? tops : children.get(code);
}

const layers = new Map(data.layers.map((layer) => [layer.id, layer]));

/** One row of the account, or null. */
function entry(code, ecosystem, pool, quantity, period) {
  return entries.get([code, ecosystem, pool, quantity, period].join("\u0000")) || null;
}

const doubted = new Set(data.withheld.map((place) => place.join("\u0000")));
const doubtedOffsets = new Set(data.offsets_withheld.map((place) => place.join("\u0000")));

/** Whether the sink of a region cannot be told from the noise of the maps: its number is then no headline. */
function withheld(layer, code, period) {
  if (layer.measure === "assessment") return doubtedOffsets.has([code, period].join("\u0000"));
  return layer.quantity === "net_removals" && doubted.has([code, period].join("\u0000"));
}

/** What a layer shows as the figure of a region; null where it is withheld. */
function headline(layer, code, ecosystem, period) {
  return withheld(layer, code, period) ? null : measured(layer, code, ecosystem, period);
}

/** Whether a figure has no interval because the uncertainty of too little of it is stated. */
function partial(found) {
  return Boolean(found) && found.value !== null && found.low === null && typeof found.share === "number" && found.share < data.interval_share;
}

/** What the uncertainty of a figure covers, in words. */
function covers(found) {
  return say("partial", { share: Math.floor(100 * found.share) + "%" });
}

/** What stands in place of a figure that is not there. */
function absence(layer, code, ecosystem, period) {
  if (withheld(layer, code, period)) return say("withheld");
  const found = entry(code, ecosystem, "all", layer.quantity, period);
  return layer.measure === "relative" && partial(found) ? covers(found) : say("legend.missing");
}

/** The periods in which a layer has figures, in their order. */
function periodsOf(layer) {
  if (layer.measure === "assessment") return [...data.offsets.year.words].sort();
  if (layer.measure === "noise") return [...data.signals.period.words].sort();
  const found = new Set();
  rows.value.forEach((_, i) => {
    if (rows.quantity.words[rows.quantity.at[i]] === layer.quantity) found.add(rows.period.words[rows.period.at[i]]);
  });
  return [...found].sort();
}

/** The (last) date of a period such as "2020" or "2020-2023". */
function lastDate(period) {
  return period.split("-").pop();
}

/** What the account has for a layer and region: {value, low, high, share} in base units of the layer, or null. */
function measured(layer, code, ecosystem, period) {
  if (layer.measure === "assessment") return offsetShare(layer, code, period);
  if (layer.measure === "noise") return only(signals.get([code, period].join("\u0000")));
  const found = entry(code, ecosystem, "all", layer.quantity, period);
  if (!found || found.value === null) return null;
  if (layer.measure === "total") return found;
  if (layer.measure === "relative") return relative(found);
  if (layer.measure === "coverage") return only(found.coverage);
  const area = entry(code, ecosystem, "all", "area", lastDate(period));
  return area && area.value > 0 ? scaled(found, 1 / area.value) : null;
}

/** A figure that has no interval, or null where there is none. */
function only(value) {
  return value === null || value === undefined ? null : { value, low: null, high: null };
}

/** Whether a layer knows no ecosystems: it shows all of them together. */
function ofWhole(layer) {
  return layer.measure === "assessment" || layer.measure === "noise";
}

/** One figure of the assessment, or null. */
function assessed(code, quantity, year) {
  return offsets.get([code, quantity, year].join("\u0000")) || null;
}

function offsetShare(layer, code, year) {
  const [counted, emitted] = [assessed(code, layer.quantity, year), assessed(code, "emissions", year)];
  return counted && emitted && counted.value !== null && emitted.value > 0 ? scaled(counted, 1 / emitted.value) : null;
}

function relative(found) {
  if (found.low === null || found.high === null || found.value === 0) return null;
  return { value: (found.high - found.low) / 2 / Math.abs(found.value), low: null, high: null };
}

function scaled(found, factor) {
  const times = (number) => (number === null ? null : number * factor);
  return { value: times(found.value), low: times(found.low), high: times(found.high), share: found.share };
}

/** The unit in which a layer is shown. */
function unitOf(layer) {
  return say("unit." + layer.id);
}

/** The region and everything above it, the coarsest first. */
function lineage(code) {
  const found = [];
  for (let at = code; at; at = regions.get(at).parent) found.unshift(at);
  return found;
}

/** Levels that divide the territory: the one of the root, which is the territory, only when there is no other. */
const drawnLevels = data.levels.filter((level) => root === null || level !== regions.get(root).level || data.levels.length === 1);

/** Regions drawn at a level: those of the level, and coarser ones that are not divided further. */
function regionsAt(level) {
  const depth = data.levels.indexOf(level);
  return data.regions
    .filter((r) => r.level === level || (!children.get(r.code).length && data.levels.indexOf(r.level) < depth))
    .map((r) => r.code);
}
