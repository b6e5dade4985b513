// Classes and colours. Breaks are rounded quantiles over all periods, so that switching the year keeps the scale.

const MISSING = "url(#missing)";

/** Rounded to two significant digits: breaks that can be read aloud. */
function rounded(value) {
  return value === 0 ? 0 : Number(value.toPrecision(2));
}

/** Up to `count - 1` rising breaks that cut `sorted` into classes of about equal size. */
function quantileBreaks(sorted, count) {
  const breaks = [];
  for (let k = 1; k < count; k += 1) {
    const value = rounded(sorted[Math.floor((k * sorted.length) / count)]);
    if (value > (breaks.length ? breaks[breaks.length - 1] : sorted[0])) breaks.push(value);
  }
  return breaks;
}

/** `count` colours spread evenly over `colours`. */
function spread(colours, count) {
  if (count === 1) return [colours[Math.floor(colours.length / 2)]];
  return Array.from({ length: count }, (_, k) => colours[Math.round((k * (colours.length - 1)) / (count - 1))]);
}

/**
 * The scale of a layer over the given values (display units).
 * Returns {classes: [{low, high, colour}], colourOf(value)}; low is included, high is not, null is open.
 */
function makeScale(layer, values) {
  return layer.scale === "diverging" ? divergingScale(layer.colours, values) : sequentialScale(layer.colours, values);
}

function sequentialScale(colours, values) {
  const sorted = [...values].sort((a, b) => a - b);
  const breaks = sorted.length ? quantileBreaks(sorted, colours.length) : [];
  const bounds = [null, ...breaks, null];
  const chosen = spread(colours, breaks.length + 1);
  const classes = chosen.map((colour, k) => ({ low: bounds[k], high: bounds[k + 1], colour }));
  return withLookup(sorted.length ? classes : []);
}

// Zero is a class of its own between the two sides, and both sides use the same breaks.
function divergingScale(colours, values) {
  const side = (colours.length - 1) / 2;
  const sizes = values.map(Math.abs).filter((size) => size > 0).sort((a, b) => a - b);
  const breaks = sizes.length ? quantileBreaks(sizes, side) : [];
  const bounds = [0, ...breaks, null];
  const positive = spread(colours.slice(side + 1), breaks.length + 1);
  const negative = spread(colours.slice(0, side).reverse(), breaks.length + 1);
  const classes = [];
  const minus = (bound) => (bound === null ? null : -bound);
  if (values.some((v) => v < 0)) {
    negative.forEach((colour, k) => classes.unshift({ low: minus(bounds[k + 1]), high: minus(bounds[k]), colour, negative: true }));
  }
  if (values.some((v) => v === 0)) classes.push({ low: 0, high: 0, colour: colours[side] });
  if (values.some((v) => v > 0)) positive.forEach((colour, k) => classes.push({ low: bounds[k], high: bounds[k + 1], colour }));
  return withLookup(classes);
}

/** A total is a circle, the larger the further its class is from nothing; a coloured area would show the region's size. */
const SMALLEST = 3, LARGEST = 10;

function withSizes(classes) {
  const sides = [classes.filter((c) => c.negative).reverse(), classes.filter((c) => !c.negative && c.high !== 0)];
  const most = Math.max(...sides.map((side) => side.length));
  sides.forEach((side) => side.forEach((c, k) => { c.radius = LARGEST - (most < 2 ? 0 : ((side.length - 1 - k) * (LARGEST - SMALLEST)) / (most - 1)); }));
  classes.filter((c) => c.low === 0 && c.high === 0).forEach((c) => { c.radius = SMALLEST / 2; });
  return classes;
}

function withLookup(classes) {
  withSizes(classes);
  const holds = (c, v) => {
    if (c.low === 0 && c.high === 0) return v === 0;
    if (c.negative) return v < c.high && (c.low === null || v >= c.low);
    return (c.low === null || (c.low === 0 ? v > 0 : v >= c.low)) && (c.high === null || v < c.high);
  };
  const classOf = (value) => (value === null ? undefined : classes.find((c) => holds(c, value)));
  const colourOf = (value) => (classOf(value) || { colour: MISSING }).colour;
  return { classes, classOf, colourOf };
}

/** How a class reads in the legend; a break has two significant digits and is shown with just those. */
function classLabel(c) {
  const text = (value) => value === 0 ? "0" : figure(value, Math.max(0, 1 - Math.floor(Math.log10(Math.abs(value)))));
  if (c.low === 0 && c.high === 0) return say("legend.zero");
  if (c.low === null && c.high === null) return "";
  if (c.low === null) return "< " + text(c.high);
  if (c.high === null) return (c.low === 0 ? "> " : "≥ ") + text(c.low);
  return say("legend.range", { low: text(c.low), high: text(c.high) });
}
