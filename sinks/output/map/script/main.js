// State and the one path from it to the screen: every choice changes `state` and calls `update`.

const byId = (id) => document.getElementById(id);

function start(map) {
  const view = makeMapView(map, open);
  const controls = makeControls(map);
  let scene = null;
  Object.assign(state, { ecosystem: "all", level: drawnLevels[0], focus: null, selected: root, raster: false });
  if (data.tiles) L.tileLayer(data.tiles, { crossOrigin: false }).addTo(map);
  chooseLayer(data.layers[0].id);
  wire();
  update();
  view.fit(root);
  new ResizeObserver(view.resized).observe(map.getContainer());

  function chooseLayer(id) {
    state.layer = id;
    const periods = periodsOf(layers.get(id));
    if (!periods.includes(state.period)) state.period = periods[periods.length - 1];
  }

  /** Go to a region: into it when it is divided, else only select it. */
  function open(code) {
    const divided = within(code).length > 0;
    state.selected = code;
    if (divided) {
      state.focus = code === root ? null : code;
      if (code === root) state.level = drawnLevels[0];
    }
    update();
    if (divided) view.fit(code);
  }

  function up() {
    if (state.selected !== root) open(regions.get(state.selected).parent || root);
  }

  function update() {
    const layer = layers.get(state.layer);
    const coloured = state.focus ? [...within(state.focus)] : regionsAt(state.level);
    const level = state.focus ? regions.get(coloured[0]).level : state.level;
    const ecosystem = ofWhole(layer) ? "all" : state.ecosystem;
    const display = (code, period) => {
      const found = headline(layer, code, ecosystem, period);
      return found && found.value !== null ? found.value * layer.factor : null;
    };
    const values = regionsAt(level).flatMap((code) => periodsOf(layer).map((period) => display(code, period))).filter((v) => v !== null);
    const scale = makeScale(layer, values);
    const valueOf = (code) => display(code, state.period);
    // A source is drawn last, so that no neighbour covers its dashed edge.
    coloured.sort((a, b) => Number(valueOf(a) < 0) - Number(valueOf(b) < 0));
    const colourOf = (code) => scale.colourOf(valueOf(code));
    const without = coloured.filter((code) => valueOf(code) === null);
    const lines = legendLines(layer, scale, [...new Set(without.map((code) => absence(layer, code, ecosystem, state.period)))]);
    const label = say("map", { layer: say("layer." + layer.id), ecosystem: ecosystemName(ecosystem), period: state.period });
    view.draw({
      coloured,
      context: state.focus ? regionsAt(regions.get(state.focus).level).filter((code) => code !== state.focus) : [],
      edges: edgesAbove(level),
      selected: state.selected === root ? null : state.selected,
      styleOf: (code) => styleOf(layer, valueOf(code), colourOf(code)),
      circleOf: (code) => circleOf(layer, scale.classOf(valueOf(code))),
      describe: (code) => tooltip(layer, code, ecosystem),
      label,
    });
    const shownLines = state.raster ? rasterLines() : lines;
    scene = { map, view, legend: shownLines, raster: state.raster };
    drawWords(layer, ecosystem);
    drawNorth(controls.north);
    drawCrumbs(controls.crumbs, state.selected, open);
    drawLegend(controls.legend, shownLines);
    byId("announce").textContent = state.selected === root ? label : tooltip(layer, state.selected, ecosystem).textContent;
    const ranked = (state.selected === root ? coloured : within(state.selected)).filter((code) => code !== state.selected);
    byId("panel").setAttribute("aria-label", say("panel"));
    drawPanel(byId("panel"), { code: state.selected, layer, ecosystem, period: state.period, ranked, colourOf }, open);
  }

  /** Outlines of the next coarser level, drawn over the finer one. */
  function edgesAbove(level) {
    const above = drawnLevels[drawnLevels.indexOf(level) - 1];
    return above ? regionsAt(above) : [];
  }

  function styleOf(layer, value, colour) {
    const faint = state.raster ? 0 : data.tiles ? 0.75 : 1;
    const ground = layer.measure === "total" && value !== null ? GROUND : colour;
    const style = { fillColor: ground, fillOpacity: faint, color: "#5d706a", weight: 0.9 };
    if (ground === GROUND) return style;
    const loses = layer.scale === "diverging" && value !== null && value < 0;
    return loses ? { ...style, color: SOURCE_EDGE, weight: 1.8, dashArray: "5 3" } : style;
  }

  /** The circle of a total, or null where the region itself is coloured. */
  function circleOf(layer, found) {
    if (layer.measure !== "total" || !found || state.raster) return null;
    const edge = found.negative ? { color: SOURCE_EDGE, dashArray: "3 2", weight: 1.5 } : { color: "#51655f", weight: 0.7 };
    return { radius: found.radius, fillColor: found.colour, fillOpacity: 1, ...edge };
  }

  function tooltip(layer, code, ecosystem) {
    const found = headline(layer, code, ecosystem, state.period);
    const value = found && found.value !== null ? found.value : null;
    const text = value === null ? absence(layer, code, ecosystem, state.period) : shownIn(layer, value) + " " + unitOf(layer);
    const range = interval(found, layer);
    return html("div", { "data-code": code, "data-value": value }, html("b", {}, regions.get(code).name + " "),
      html("span", { class: "figure" }, text + " "), range ? [html("span", { class: "quiet" }, range)] : []);
  }

  function wire() {
    byId("layer").addEventListener("change", (event) => { chooseLayer(event.target.value); update(); });
    byId("ecosystem").addEventListener("change", (event) => { state.ecosystem = event.target.value; update(); });
    byId("language").addEventListener("click", () => { state.language = state.language === "zh" ? "en" : "zh"; update(); });
    byId("print").addEventListener("click", () => window.print());
    byId("png").addEventListener("click", () => savePoster(scene));
    byId("search").addEventListener("change", (event) => find(event.target.value.trim()));
    byId("tools").addEventListener("submit", (event) => event.preventDefault());
    byId("raster").querySelector("input").addEventListener("change", (event) => {
      state.raster = event.target.checked;
      view.showRaster(state.raster);
      update();
    });
    byId("raster").hidden = !data.overlay;
    document.addEventListener("keydown", (event) => event.key === "Escape" && up());
    window.addEventListener("beforeprint", () => forPaper(true));
    window.addEventListener("afterprint", () => forPaper(false));
  }

  function forPaper(printing) {
    document.body.classList.toggle("printing", printing);
    if (printing) byId("caveats").open = true;
    view.fit(state.focus || root);
  }

  /** The first region whose code or name is the text, begins with it or holds it. */
  function find(text) {
    const wanted = text.toLowerCase();
    const word = (r) => [r.code, ...r.names, ...r.names.map((name) => r.code + " " + name)].map((w) => w.toLowerCase());
    const tests = [(w) => w === wanted, (w) => w.startsWith(wanted), (w) => w.includes(wanted)];
    const found = wanted && tests.map((test) => data.regions.find((r) => word(r).some(test))).find(Boolean);
    byId("status").textContent = wanted && !found ? say("search.none", { text }) : "";
    if (!found) return;
    const parent = found.parent && found.parent !== root ? found.parent : null;
    open(parent || root);
    open(found.code);
  }

  function drawWords(layer, ecosystem) {
    document.documentElement.lang = state.language === "zh" ? "zh-CN" : "en";
    document.title = pageTitle();
    byId("title").textContent = pageTitle();
    byId("subtitle").textContent = say("layer." + layer.id) + " · " + ecosystemName(ecosystem) + " · " + state.period;
    ["png", "print", "language"].forEach((id) => { byId(id).textContent = say(id); });
    byId("language").setAttribute("aria-label", say("language.help"));
    byId("search").placeholder = say("search.hint");
    byId("places").replaceChildren(...data.regions.map((region) => html("option", { value: region.code + " " + region.name })));
    document.querySelectorAll("[data-say]").forEach((element) => { element.textContent = say(element.dataset.say); });
    byId("tools").setAttribute("aria-label", say("controls"));
    byId("notices").setAttribute("aria-label", say("notices"));
    drawNotices();
    drawChoices(layer, ecosystem);
    const foot = [say("internal"), ...sourceLines(), ...(data.tiles ? [say("tiles", { origin: new URL(data.tiles.replace(/[{}]/g, "")).origin })] : [])];
    byId("foot").replaceChildren(...foot.map((line) => html("p", {}, line)));
  }

  function drawNotices() {
    byId("demonstration").hidden = !data.demonstration;
    byId("demonstration").textContent = say("demonstration");
    const checks = data.checks.map((check) => `[${term("status", check.status)}] ${spoken(check.where)}${say("colon")}${spoken(check.detail)}`);
    // The checks begin with those that bear on every figure.
    const first = data.checks.filter((check) => isLeading(check)).length;
    const lines = [...checks.slice(0, first), ...data.caveats, ...checks.slice(first)];
    byId("caveats").hidden = !lines.length;
    byId("caveats").querySelector("summary").textContent = [say("caveats", { count: lines.length }), leadingLine(), failedLine()].filter(Boolean).join(" ");
    byId("caveats").querySelector("ul").replaceChildren(...lines.map((line) => html("li", {}, line)));
  }

  function drawChoices(layer, ecosystem) {
    byId("layer").replaceChildren(...layerGroups());
    byId("layer").value = state.layer;
    const lands = ["all", ...Object.keys(data.terms.ecosystem).filter((land) => land !== "all")];
    byId("ecosystem").replaceChildren(...lands.map((land) => html("option", { value: land }, ecosystemName(land))));
    byId("ecosystem").value = ecosystem;
    byId("ecosystem").disabled = ofWhole(layer);
    choices("period", periodsOf(layer), state.period, (period) => period, (period) => { state.period = period; update(); });
    drawYears(layer);
    choices("level", drawnLevels, state.focus ? null : state.level, (level) => term("level", level), (level) => {
      Object.assign(state, { level, focus: null, selected: root });
      update();
      view.fit(root);
    });
    byId("level").hidden = drawnLevels.length < 2;
  }

  /** A slider through the years where there are many; the arrow keys go from one to the next. */
  function drawYears(layer) {
    const steps = shortest(periodsOf(layer));
    const slider = byId("year");
    byId("years").hidden = steps.length < 3;
    slider.max = steps.length - 1;
    slider.value = steps.includes(state.period) ? steps.indexOf(state.period) : steps.length - 1;
    slider.setAttribute("aria-valuetext", state.period);
    byId("year-shown").textContent = state.period;
    slider.oninput = () => { state.period = steps[Number(slider.value)]; update(); };
  }

  /** Periods that hold no shorter one that begins with them, in order of time. */
  function shortest(periods) {
    const ends = (period) => [period.split("-")[0], period.split("-").pop()];
    const inside = (whole, part) => ends(part)[0] === ends(whole)[0] && ends(part)[1] < ends(whole)[1];
    return periods.filter((whole) => !periods.some((part) => inside(whole, part))).sort();
  }

  function layerGroups() {
    const group = (l) => (l.measure === "assessment" ? "assessment" : ["relative", "coverage", "noise"].includes(l.measure) ? "quality" : l.quantity === "net_removals" ? "sink" : "stock");
    const option = (l) => html("option", { value: l.id }, say("layer." + l.id));
    return ["sink", "stock", "quality", "assessment"]
      .map((name) => [name, data.layers.filter((l) => group(l) === name)])
      .filter(([, members]) => members.length)
      .map(([name, members]) => html("optgroup", { label: say("group." + name) }, members.map(option)));
  }

  function choices(id, words, chosen, nameOf, choose) {
    const held = document.activeElement && document.activeElement.getAttribute("data-choice");
    const buttons = words.map((word) => {
      const button = html("button", { type: "button", "aria-pressed": String(word === chosen), "data-choice": id + " " + word }, nameOf(word));
      button.addEventListener("click", () => choose(word));
      return button;
    });
    byId(id).querySelector(".choices").replaceChildren(...buttons);
    const again = buttons.find((button) => button.getAttribute("data-choice") === held);
    if (again) again.focus();
  }
}
