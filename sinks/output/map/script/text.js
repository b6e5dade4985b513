// Words and numbers as the reader sees them.

const data = JSON.parse(document.getElementById("atlas-data").textContent);
const LANGUAGES = ["zh", "en"];
const state = { language: data.language };

/** Of the same words in every language, those in the present one. */
function spoken(texts) {
  return texts[LANGUAGES.indexOf(state.language)];
}

// A region is called by its name in the present language.
data.regions.forEach((region) => Object.defineProperty(region, "name", { get: () => spoken(region.names) }));

/** The label `key` in the present language, its {placeholders} filled; {count:row|rows} is the word of that number. */
function say(key, values = {}) {
  const text = spoken(data.labels[key]);
  return text.replace(/\{(\w+)(?::([^|{}]*)\|([^{}]*))?\}/g, (_, name, one, other) =>
    one === undefined ? values[name] : values[name] === 1 ? one : other);
}

/** The name of a word of the account: ecosystem, pool, quantity, level or status. */
function term(kind, word) {
  const names = (data.terms[kind] || {})[word];
  return names ? spoken(names) : word;
}

function ecosystemName(word) {
  return word === "all" ? say("ecosystem.all") : term("ecosystem", word);
}

/** A fraction as a percentage without its sign; what is short of the whole never reads 100. */
function percentage(fraction, decimals) {
  const text = figure(fraction * 100, decimals);
  const short = fraction < 1 - 1e-9 && text === figure(100, decimals);
  return short ? ">" + figure(100 - 10 ** -decimals, decimals) : text;
}

/** A number for display; what is not there is a dash, never a zero. */
function figure(value, decimals) {
  if (value === null || value === undefined) return "–";
  const locale = state.language === "zh" ? "zh-CN" : "en-GB";
  const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  const text = new Intl.NumberFormat(locale, digits).format(value);
  return text.replace("-", "−");
}

/** The title of the page in the present language. */
function pageTitle() {
  return (data.title.length && spoken(data.title)) || say("title");
}
