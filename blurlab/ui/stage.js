// The stage: one cutoff moves the hybrid picture, every model's answers, the curves and the filter.
// Streamlit calls the default export with the pictures and models (data); settings and answers, which
// change often, come through a slot on window, so that the pictures need not be sent again.
// All text from outside goes through textContent.

const COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"]; // Okabe and Ito
const DASHES = ["none", "11 5", "3 4", "14 4 3 4", "6 3", "18 5"];
const SHAPES = [
  "M-7 0a7 7 0 1 0 14 0a7 7 0 1 0-14 0Z", "M-6.2-6.2h12.4v12.4h-12.4Z", "M0-8L7.6 5.6H-7.6Z",
  "M0-8.6L8.6 0 0 8.6-8.6 0Z", "M0 8L7.6-5.6H-7.6Z", "M-8-3h5v-5h6v5h5v6h-5v5h-6v-5h-5Z",
];
const ROWS = 3; // answers shown per model
const STEPS = 360; // slider positions, equally spaced in log cutoff
const FAR = 6; // how many times smaller the distant picture is
const views = new WeakMap();

export default function stage({ data, parentElement, setStateValue }) {
  let view = views.get(parentElement);
  if (!view?.parts.stage.isConnected) views.set(parentElement, (view = makeView(parentElement)));
  view.send = setStateValue;
  view.show(data);
  return () => view.close();
}

// ---- Elements ---------------------------------------------------------------------------------

function element(tag, { text, ...properties } = {}, ...children) {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  for (const [name, value] of Object.entries(properties)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function shape(tag, { text, ...attributes } = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  if (text !== undefined) node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const look = (model) => ({
  color: COLORS[model.color % COLORS.length],
  dash: DASHES[model.color % DASHES.length],
  shape: SHAPES[model.color % SHAPES.length],
});
const symbol = (model) =>
  shape("svg", { viewBox: "-9 -9 18 18", "aria-hidden": "true" }, shape("path", { d: look(model).shape, fill: look(model).color }));

// ---- Numbers ----------------------------------------------------------------------------------

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const percent = (share) => `${Math.round(100 * share)} %`;
const digits = (value) => value.toPrecision(3);

// Round positions for axis labels: powers of 2 on cycles/image, else 1, 2 and 5 of each decade.
function niceValues(low, high, binary) {
  const values = [];
  for (let decade = -4; decade < 8; decade++) {
    values.push(...(binary ? [2 ** (decade + 4)] : [1, 2, 5].map((m) => Number(`${m}e${decade}`))));
  }
  return values.filter((value) => value >= low * 0.999 && value <= high * 1.001);
}

// Find the computed points of a sweep on both sides of a cutoff; null before there is one.
// sure: no point between them is still missing.
function bracket(series, cutoff) {
  const { cutoffs, known } = series;
  if (!known.length) return null;
  const after = known.find((i) => cutoffs[i] >= cutoff) ?? known.at(-1);
  const before = known.findLast((i) => cutoffs[i] <= cutoff) ?? known[0];
  const share = before === after ? 0 : (cutoff - cutoffs[before]) / (cutoffs[after] - cutoffs[before]);
  const outside = (after === before && cutoff > cutoffs[after] && after < cutoffs.length - 1)
    || (after === before && cutoff < cutoffs[after] && after > 0);
  return { before, after, share, sure: after - before <= 1 && !outside };
}

const between = (values, { before, after, share }) =>
  values[before] * (1 - share) + values[after] * share;

// The first zero crossing of p_low - p_high as in blurlab/sensitivity.py; null where there is none.
function reversal({ cutoffs, difference, known }) {
  for (let n = 1; n < known.length; n++) {
    const [i, j] = [known[n - 1], known[n]], [a, b] = [difference[i], difference[j]];
    if (a !== 0 && a * b <= 0) return { at: cutoffs[i] + ((cutoffs[j] - cutoffs[i]) * a) / (a - b), sure: j - i === 1 };
  }
  return null;
}

// ---- One mounted stage ------------------------------------------------------------------------

function makeView(parent) {
  const parts = {};
  for (const node of parent.querySelectorAll("[data-part]")) parts[node.dataset.part] = node;
  const slots = (window.blurlabStages ??= new Map());
  let data = null, slot = null, settings = null, series = {}, pictures = null, cards = {};
  let cutoff = 1, highCutoff = null, wanted = null, resized = true, dragging = false;
  let em = 16, axis = null, curve = null, spectra = null; // em: the stage's type size in pixels
  let sent = []; // values on their way to Python and back, which must not move the slider again
  const view = { parts, show, close, send: () => {} };

  // -- What comes in ----------------------------------------------------------------------------

  function show(next) {
    if (slot?.changed === receive) slot.changed = null;
    if (!slots.has(next.stage)) slots.set(next.stage, {});
    slot = slots.get(next.stage);
    slot.changed = receive;
    Object.assign(slot, next.parts); // a page without a server brings settings and answers along
    const samePictures = data && ["low", "high", "size"].every((name) => data[name] === next[name]);
    const sameModels = data && JSON.stringify(data.models) === JSON.stringify(next.models);
    data = next;
    if (!samePictures) loadPictures();
    if (!sameModels) buildCards();
    receive();
  }

  function receive() {
    if (slot.settings && slot.settings !== settings) adopt(slot.settings);
    series = {};
    for (const model of data.models) series[model.key] = makeSeries(slot.answers?.[model.key]);
    redraw(true);
  }

  function adopt(next) {
    const own = sent.findIndex((value) => value[0] === next.cutoff && value[1] === next.highCutoff);
    const moved = !settings || settings.cutoff !== next.cutoff || settings.highCutoff !== next.highCutoff;
    if (own >= 0) sent = sent.slice(own + 1);
    else if (moved && !dragging) {
      sent = [];
      ({ cutoff, highCutoff } = next);
    }
    if ((highCutoff === null) !== (next.highCutoff === null)) highCutoff = next.highCutoff;
    if (settings?.far !== next.far) setFar(next.far);
    settings = next;
    parts.stage.classList.toggle("presenter", settings.presenter);
  }

  function makeSeries(answers) {
    const { cutoffs = data.cutoffs, p_low: low = [], p_high: high = [], classes = [] } = answers ?? {};
    const pair = cutoffs.map((_, i) => low[i] != null && high[i] != null);
    const known = [...cutoffs.keys()].filter((i) => pair[i] || classes[i] != null);
    const difference = cutoffs.map((_, i) => (pair[i] ? low[i] - high[i] : null));
    const hasPair = known.length > 0 && known.every((i) => pair[i]);
    return { ...answers, cutoffs, known, difference, hasPair, low, high, classes };
  }

  async function loadPictures() {
    const { low, high, size } = data;
    pictures = null;
    parts.waiting.hidden = false;
    parts.low.src = low;
    parts.high.src = high;
    try {
      const [lowBytes, highBytes] = await Promise.all([readPixels(low, size), readPixels(high, size)]);
      if (data.low !== low || data.high !== high) return; // another pair came meanwhile
      const plan = makePlan(size), first = analyse(plan, lowBytes), second = analyse(plan, highBytes);
      parts.hybrid.width = parts.hybrid.height = size;
      pictures = {
        hybrid: hybridizer(plan, first, second),
        power: { low: radialPower(plan, first), high: radialPower(plan, second) },
        image: new ImageData(size, size),
      };
      parts.waiting.hidden = true;
      redraw(true);
    } catch {
      parts.waiting.textContent = "The browser could not read one of the two pictures.";
    }
  }

  async function readPixels(url, size) {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = element("canvas", { width: size, height: size });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(image, 0, 0, size, size);
    return context.getImageData(0, 0, size, size).data;
  }

  // -- The cutoff -------------------------------------------------------------------------------

  const ends = () => [1, data.size / 2];
  const toStep = (value) => {
    const [low, high] = ends();
    return (STEPS * Math.log(clamp(value, low, high) / low)) / Math.log(high / low);
  };
  const fromShare = (share) => {
    const [low, high] = ends();
    return Number(digits(low * (high / low) ** clamp(share, 0, 1)));
  };
  const inUnit = (value) => digits(value / settings.unit.scale);
  const withUnit = (value) => `${inUnit(value)} ${settings.unit.suffix}`;

  function commit() {
    dragging = false;
    const last = sent.at(-1) ?? [settings.cutoff, settings.highCutoff];
    if (last[0] === cutoff && last[1] === highCutoff) return;
    sent.push([cutoff, highCutoff]);
    if (last[0] !== cutoff) view.send("cutoff", cutoff);
    if (last[1] !== highCutoff) view.send("high_cutoff", highCutoff);
  }

  // A held arrow key changes the slider many times a second; only letting go counts as release.
  function wire(input, set) {
    let held = false;
    input.oninput = () => {
      dragging = true;
      set(fromShare(input.value / STEPS));
      redraw(false);
    };
    input.onchange = () => held || commit();
    input.onkeydown = () => { held = true; };
    input.onkeyup = input.onblur = () => {
      if (held) commit();
      held = false;
    };
  }
  wire(parts.cutoff, (value) => { cutoff = value; });
  wire(parts["high-cutoff"], (value) => { highCutoff = value; });

  for (const svg of [parts.curve, parts.spectra]) {
    const follow = (event) => {
      const x = event.clientX - svg.getBoundingClientRect().left;
      cutoff = fromShare((x - axis.left) / (axis.right - axis.left));
      dragging = true;
      redraw(false);
    };
    svg.onpointerdown = (event) => {
      svg.setPointerCapture(event.pointerId);
      follow(event);
    };
    svg.onpointermove = (event) => svg.hasPointerCapture(event.pointerId) && follow(event);
    svg.onpointerup = commit;
    svg.onpointercancel = commit;
  }

  function setFar(far) {
    parts.frame.classList.toggle("far", far);
    parts.far.setAttribute("aria-pressed", far);
    parts.near.setAttribute("aria-pressed", !far);
  }
  for (const far of [false, true]) {
    parts[far ? "far" : "near"].onclick = () => {
      setFar(far);
      view.send("far", far);
    };
  }

  // -- Drawing: at most once per frame ----------------------------------------------------------

  const observer = new ResizeObserver(() => redraw(true));
  observer.observe(parts.stage);

  function close() {
    observer.disconnect();
    cancelAnimationFrame(wanted);
    if (slot?.changed === receive) slot.changed = null;
  }

  function redraw(everything) {
    resized ||= everything;
    wanted ??= requestAnimationFrame(draw);
  }

  function draw() {
    wanted = null;
    if (!data || !settings) return;
    if (resized) drawStill();
    resized = false;
    drawPicture();
    drawDials();
    drawAnswers();
    drawMarkers();
  }

  function drawPicture() {
    if (!pictures) return;
    pictures.hybrid(settings.filter, cutoff, highCutoff ?? cutoff, pictures.image.data);
    parts.hybrid.getContext("2d").putImageData(pictures.image, 0, 0);
    parts.hybrid.dataset.cutoff = cutoff;
    for (const canvas of [parts.distant, parts.receded]) {
      const context = canvas.getContext("2d");
      context.imageSmoothingQuality = "high";
      context.drawImage(parts.hybrid, 0, 0, canvas.width, canvas.height);
    }
  }

  function drawDials() {
    const dials = [["cutoff", cutoff], ...(highCutoff === null ? [] : [["high-cutoff", highCutoff]])];
    for (const [name, value] of dials) {
      parts[`${name}-value`].replaceChildren(element("b", { text: inUnit(value) }), ` ${settings.unit.suffix}`);
      if (Math.round(toStep(value)) !== Number(parts[name].value)) parts[name].value = Math.round(toStep(value));
      parts[name].setAttribute("aria-valuetext", withUnit(value));
    }
  }

  // Everything that stays while the cutoff moves.
  function drawStill() {
    const { labels, size } = data, { unit } = settings, width = parts.stage.clientWidth;
    parts.stage.dataset.width = width < 54 * em ? "narrow" : "wide";
    parts["low-label"].textContent = labels.low;
    parts["high-label"].textContent = labels.high;
    parts["toward-high"].textContent = `← more of ${labels.high}`;
    parts["toward-low"].textContent = `more of ${labels.low} →`;
    parts["low-legend"].textContent = `low frequencies: ${labels.low}`;
    parts["high-legend"].textContent = `high frequencies: ${labels.high}`;
    parts.hybrid.setAttribute("aria-label", `Hybrid picture: coarse structure of ${labels.low}, fine structure of ${labels.high}`);
    parts["high-dial"].hidden = highCutoff === null;
    parts["cutoff-label"].textContent = highCutoff === null ? "Cutoff" : `${labels.low} up to`;
    parts["high-cutoff-label"].textContent = `${labels.high} from`;
    const shown = parts.frame.clientWidth / FAR;
    for (const canvas of [parts.distant, parts.receded]) {
      canvas.style.width = canvas.style.height = `${shown}px`;
      canvas.width = canvas.height = Math.round(shown * devicePixelRatio);
    }
    em = parseFloat(getComputedStyle(parts.stage).fontSize);
    arrangeCards();
    axis = makeAxis(parts.curve.clientWidth);
    drawTicks();
    curve = drawCurve();
    spectra = pictures && drawSpectra();
    const total = data.models.flatMap((model) => series[model.key].cutoffs).length;
    const done = data.models.flatMap((model) => series[model.key].known).length;
    parts.progress.textContent = done < total ? `computing the answers: ${done} of ${total}` : "";
  }

  // -- Answers ----------------------------------------------------------------------------------

  function makeRow(kind) {
    const fill = element("div", { class: "fill" });
    const name = element("span", { class: "name" }), share = element("span", { class: "share" });
    return { node: element("div", { class: `row ${kind}` }, fill, name, share), fill, name, share };
  }

  function fillRow(row, name, share) {
    row.name.textContent = name;
    row.share.textContent = share === null ? "" : percent(share);
    row.fill.style.width = `${100 * (share ?? 0)}%`;
    row.fill.hidden = share === null;
  }

  function buildCards() {
    cards = {};
    for (const model of data.models) {
      const top = Array.from({ length: ROWS }, () => makeRow("top"));
      const pair = [makeRow("low"), makeRow("high")];
      const verdict = element("h4", { class: "verdict" }), note = element("p", { class: "note", hidden: "" });
      const answers = element("div", { class: "answers" },
        element("div", { class: "rows" }, verdict, ...top.map((row) => row.node)),
        element("div", { class: "rows pair" }, element("h4", { text: "probability of each picture" }), ...pair.map((row) => row.node)));
      const header = element("header", {}, symbol(model), element("span", { class: "title", text: model.title }));
      const card = element("article", { class: "model", style: `--model:${look(model).color}`, "data-model": model.key }, header, answers, note);
      cards[model.key] = { card, top, pair, verdict, note };
    }
    parts.models.replaceChildren(...Object.values(cards).map(({ card }) => card));
  }

  // As many columns as fit, but no row with a gap where a more even split exists.
  function arrangeCards() {
    const count = data.models.length, fit = clamp(Math.floor(parts.models.clientWidth / (15 * em)), 1, count);
    const columns = Math.ceil(count / Math.ceil(count / fit));
    parts.models.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
  }

  // The best answers at a place between two sweep points, where each may list other classes.
  function bestAnswers({ classes, probabilities }, place) {
    const shares = new Map();
    for (const [i, weight] of [[place.before, 1 - place.share], [place.after, place.share]]) {
      classes[i]?.forEach((c, n) => shares.set(c, (shares.get(c) ?? 0) + weight * probabilities[i][n]));
    }
    return [...shares].sort((a, b) => b[1] - a[1]).slice(0, ROWS);
  }

  function drawAnswers() {
    // Answers belong to the high cutoff that Python knows of.
    const stale = highCutoff !== settings.highCutoff;
    for (const model of data.models) {
      const { card, top, pair, verdict, note } = cards[model.key], answers = series[model.key];
      const place = bracket(answers, cutoff), best = place ? bestAnswers(answers, place) : [];
      const sure = place?.sure && !stale;
      card.classList.toggle("provisional", !sure);
      if (sure) verdict.replaceChildren("says ", element("b", { text: model.classes[best[0]?.[0]] ?? "–" }));
      else verdict.textContent = "computing …";
      top.forEach((row, n) => fillRow(row, best[n] ? model.classes[best[n][0]] : "…", best[n]?.[1] ?? null));
      const paired = place && answers.hasPair;
      fillRow(pair[0], `low: ${data.labels.low}`, paired ? between(answers.low, place) : null);
      fillRow(pair[1], `high: ${data.labels.high}`, paired ? between(answers.high, place) : null);
      note.hidden = !answers.note;
      note.textContent = answers.note ?? "";
    }
  }

  // -- Plots ------------------------------------------------------------------------------------

  function makeAxis(width) {
    const [low, high] = ends(), left = 3.6 * em, right = width - clamp(width * 0.27, 7.5 * em, 15 * em);
    const x = (value) => left + ((right - left) * Math.log(clamp(value, low, high) / low)) / Math.log(high / low);
    const { scale, suffix } = settings.unit;
    let values = niceValues(low / scale, high / scale, suffix === "cycles/image");
    while ((right - left) / values.length < 2.8 * em) values = values.filter((_, i) => i % 2 === 0);
    return { width, left, right, x, ticks: values.map((value) => ({ at: value * scale, label: String(value) })) };
  }

  function drawTicks() {
    parts["cutoff-ticks"].replaceChildren(...axis.ticks.map(({ at, label }) =>
      element("span", { text: label, style: `left:${(100 * toStep(at)) / STEPS}%` })));
  }

  function frequencyGrid(top, bottom) {
    const { ticks, x, left, right } = axis;
    return [
      ...ticks.map(({ at }) => shape("line", { class: "grid", x1: x(at), x2: x(at), y1: top, y2: bottom })),
      ...ticks.map(({ at, label }) => shape("text", { x: x(at), y: bottom + 1.25 * em, "text-anchor": "middle", text: label })),
      shape("text", { x: right, y: bottom + 2.6 * em, "text-anchor": "end", text: `cutoff, ${settings.unit.label}` }),
    ];
  }

  function yTitle(text, top, bottom) {
    const turned = `translate(${em} ${(top + bottom) / 2}) rotate(-90)`;
    return shape("text", { "text-anchor": "middle", transform: turned, text });
  }

  function drawCurve() {
    const paired = data.models.filter((model) => series[model.key].hasPair), names = nameEnds(paired);
    const { width, left, right } = axis, { labels } = data, svg = parts.curve, top = 1.8 * em;
    const bottom = top + Math.max(clamp(width * 0.28, 12 * em, 18 * em), names.height - 3 * em);
    const y = (value) => top + ((bottom - top) * (1 - value)) / 2;
    svg.setAttribute("height", bottom + 3 * em);
    svg.replaceChildren(
      ...frequencyGrid(top, bottom),
      ...[[1, "+1"], [0, "0"], [-1, "−1"]].flatMap(([value, text]) => [
        shape("line", { class: value ? "grid" : "zero", x1: left, x2: right, y1: y(value), y2: y(value) }),
        shape("text", { x: left - 0.5 * em, y: y(value) + 0.33 * em, "text-anchor": "end", text }),
      ]),
      yTitle("p low − p high", top, bottom),
      shape("text", { class: "strong", x: left, y: top - 0.6 * em, text: `↑ names ${labels.low}` }),
      shape("text", { class: "strong", x: left, y: bottom + 2.6 * em, text: `↓ names ${labels.high}` }),
      ...pixelLimits(top, bottom),
    );
    const marker = shape("line", { class: "marker", y1: top, y2: bottom }), dots = {};
    for (const model of paired) svg.append(...curveLines(model, y));
    svg.append(marker, ...reversalTicks(paired, y(0)));
    for (const model of paired) {
      dots[model.key] = shape("path", { class: "shape", "data-dot": model.key, d: look(model).shape, fill: look(model).color });
      svg.append(dots[model.key]);
    }
    names.place((model) => y(series[model.key].difference[series[model.key].known.at(-1)]), bottom + 2.5 * em);
    return { y, marker, dots };
  }

  // Frequencies beyond a model's own pixels cannot reach it; models with equal limits share one line.
  function pixelLimits(top, bottom) {
    const limits = new Map();
    for (const model of data.models) {
      if (model.nyquist < data.size / 2) limits.set(model.nyquist, [...(limits.get(model.nyquist) ?? []), model]);
    }
    return [...limits].flatMap(([nyquist, owners]) => {
      const x = axis.x(nyquist), everyone = owners.length === data.models.length;
      const signs = everyone ? [] : owners.map((model, n) =>
        shape("path", { d: look(model).shape, fill: look(model).color, transform: `translate(${6 + 16 * n} ${-0.3 * em}) rotate(90) scale(.75)` }));
      return [
        shape("line", { class: "limit", x1: x, x2: x, y1: top, y2: bottom }),
        shape("g", { transform: `translate(${x + 1.1 * em} ${bottom - 0.5 * em}) rotate(-90)` }, ...signs,
          shape("text", { class: "halo", x: 16 * signs.length, text: "pixels end here" })),
      ];
    });
  }

  // A sure path where neighbouring sweep points are computed, a dotted guess elsewhere.
  function curveLines(model, y) {
    const answers = series[model.key], paths = { true: "", false: "" }, step = 2;
    let previous = null;
    for (let x = axis.left; x <= axis.right; x += step) {
      const place = bracket(answers, fromX(x)), point = `${x.toFixed(1)} ${y(between(answers.difference, place)).toFixed(1)}`;
      if (previous) paths[place.sure] += previous.sure === place.sure ? `L${point}` : `M${previous.point}L${point}`;
      else paths[place.sure] += `M${point}`;
      previous = { point, sure: place.sure };
    }
    const { color, dash } = look(model);
    return [
      shape("path", { class: "line guess", d: paths.false, stroke: color }),
      shape("path", { class: "line", d: paths.true, stroke: color, "stroke-dasharray": dash, "data-curve": model.key }),
    ];
  }

  function fromX(x) {
    const [low, high] = ends();
    return low * (high / low) ** ((x - axis.left) / (axis.right - axis.left));
  }

  // Mark each reversal on the zero line; numbers that would touch take another row.
  function reversalTicks(models, zero) {
    const rows = [-0.9, 1.6, -2, 2.7].map((offset) => ({ offset, end: -Infinity }));
    const found = models.map((model) => ({ model, crossing: reversal(series[model.key]) }))
      .filter(({ crossing }) => crossing).sort((a, b) => a.crossing.at - b.crossing.at);
    return found.flatMap(({ model, crossing }) => {
      const x = axis.x(crossing.at), text = inUnit(crossing.at), half = 0.3 * em * text.length;
      const row = rows.find(({ end }) => end < x - half) ?? rows[0];
      row.end = x + half;
      return [
        shape("line", { x1: x, x2: x, y1: zero - 0.7 * em, y2: zero + 0.7 * em, stroke: look(model).color, "stroke-width": 4 }),
        shape("text", { class: "strong halo", x, y: zero + row.offset * em, "text-anchor": "middle", text }),
      ];
    });
  }

  // Name each line beside its right end, spread so that no two names overlap.
  function nameEnds(models) {
    const gap = em, width = axis.width - axis.right - gap;
    const names = models.map((model) => {
      const crossing = reversal(series[model.key]), small = element("small");
      if (crossing) small.append(element("i", { text: "f" }), element("sub", { text: "rev" }), ` ${crossing.sure ? "" : "≈ "}${withUnit(crossing.at)}`);
      else small.textContent = "does not reverse here";
      const node = element("div", {}, symbol(model), element("span", {}, element("b", { text: model.title }), small));
      node.style.left = `${axis.right + gap}px`;
      node.style.width = `${width}px`;
      return { model, node };
    });
    parts.ends.replaceChildren(...names.map(({ node }) => node));
    for (const name of names) name.height = name.node.offsetHeight + 0.5 * em;
    const height = names.reduce((sum, name) => sum + name.height, 0);
    function place(endOf, bottom) {
      const wishes = names.map((name) => ({ ...name, end: endOf(name.model) })).sort((a, b) => a.end - b.end);
      let room = height, floor = 0;
      for (const { node, end, height: own } of wishes) {
        const top = clamp(end - 0.7 * em, floor, Math.max(floor, bottom - room));
        node.style.top = `${top}px`;
        floor = top + own;
        room -= own;
      }
    }
    return { height, place };
  }

  // -- Spectra and filter -----------------------------------------------------------------------

  function drawSpectra() {
    const { width, left, right } = axis, top = 0.5 * em, bottom = top + clamp(width * 0.2, 9 * em, 12 * em), { low, high } = pictures.power;
    const logs = [...low.slice(1), ...high.slice(1)].filter((power) => power > 0).map(Math.log10);
    const ceiling = Math.ceil(Math.max(...logs)), floor = Math.max(Math.floor(Math.min(...logs)), ceiling - 8);
    const y = (power) => top + (bottom - top) * clamp((ceiling - Math.log10(Math.max(power, 1e-30))) / (ceiling - floor), 0, 1);
    const svg = parts.spectra, paths = {};
    svg.setAttribute("height", bottom + 3 * em);
    const hatching = shape("pattern", { id: "hatching", width: 8, height: 8, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      shape("line", { class: "hatching", x1: 0, x2: 0, y1: 0, y2: 8 }));
    svg.replaceChildren(shape("defs", {}, hatching), ...frequencyGrid(top, bottom), yTitle("power", top, bottom));
    for (let power = floor; power <= ceiling; power += 2) {
      svg.append(shape("text", { x: left - 0.5 * em, y: y(10 ** power) + 0.33 * em, "text-anchor": "end", text: `10${superscript(power)}` }));
    }
    for (const [share, text] of [[1, "gain 1"], [0.5, "½"], [0, "0"]]) {
      svg.append(shape("text", { x: right + 0.5 * em, y: bottom - share * (bottom - top) + 0.33 * em, text }));
    }
    const add = (name, attributes) => svg.append((paths[name] = shape("path", attributes)));
    add("gainLow", { class: "gain-low" });
    add("gainHigh", { fill: "url(#hatching)" });
    for (const name of ["low", "high"]) {
      svg.append(shape("path", { class: `spectrum whole ${name}`, d: spectrumPath(pictures.power[name], y) }));
      add(name, { class: `spectrum kept ${name}` });
    }
    paths.marker = shape("line", { class: "marker", y1: top, y2: bottom });
    svg.append(paths.marker);
    return { y, top, bottom, paths };
  }

  const superscript = (power) => [...String(power)].map((c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c])).join("");

  function spectrumPath(power, y, last = power.length - 1) {
    let path = "";
    for (let ring = 1; ring <= last; ring++) path += `${path ? "L" : "M"}${axis.x(ring).toFixed(1)} ${y(power[ring]).toFixed(1)}`;
    return path;
  }

  // -- What moves with the cutoff ---------------------------------------------------------------

  function drawMarkers() {
    const x = axis.x(cutoff);
    for (const marker of [curve.marker, spectra?.paths.marker]) {
      marker?.setAttribute("x1", x);
      marker?.setAttribute("x2", x);
    }
    for (const [key, dot] of Object.entries(curve.dots)) {
      const place = bracket(series[key], cutoff);
      dot.setAttribute("transform", `translate(${x} ${curve.y(between(series[key].difference, place))})`);
    }
    if (spectra) drawGains();
  }

  function drawGains() {
    const { paths, top, bottom, y } = spectra, { left, right } = axis;
    const gains = [cutoff, highCutoff ?? cutoff].map(FILTERS[settings.filter]);
    const kept = { low: gains[0], high: (square) => 1 - gains[1](square) };
    for (const [name, gain] of Object.entries(kept)) {
      let area = `M${left} ${bottom}`, line = "";
      for (let px = left; px <= right; px += 2) area += `L${px} ${(bottom - gain(fromX(px) ** 2) * (bottom - top)).toFixed(1)}`;
      paths[name === "low" ? "gainLow" : "gainHigh"].setAttribute("d", `${area}L${right} ${bottom}Z`);
      for (let ring = 1; ring <= data.size / 2; ring++) {
        const at = y(pictures.power[name][ring] * gain(ring ** 2) ** 2);
        if (at < bottom) line += `${line ? "L" : "M"}${axis.x(ring).toFixed(1)} ${at.toFixed(1)}`;
      }
      paths[name].setAttribute("d", line);
    }
  }

  return view;
}
