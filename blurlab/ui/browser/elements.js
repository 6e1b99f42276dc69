// What the stage and the frames are both made of: elements, looks of models, cards, the furniture of
// plots, and what a person does to a dial. palette.py writes COLORS and DASHES before it. A scene has em, the type size in pixels, of which every
// distance is a multiple, and axis: { left, right, width, x(value), ticks, title }.

const ROWS = 3; // answers shown per model
const KEYS_REST = 200; // ms after the last key until it counts as release
const SHAPES = [
  "M-7 0a7 7 0 1 0 14 0a7 7 0 1 0-14 0Z", "M-6.2-6.2h12.4v12.4h-12.4Z", "M0-8L7.6 5.6H-7.6Z",
  "M0-8.6L8.6 0 0 8.6-8.6 0Z", "M0 8L7.6-5.6H-7.6Z", "M-8-3h5v-5h6v5h5v6h-5v5h-6v-5h-5Z",
];

// ---- Elements ---------------------------------------------------------------------------------

// Text goes through textContent alone, so markup in a name stays text.
function fillElement(node, { text, ...attributes }, children) {
  if (text !== undefined) node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const element = (tag, properties = {}, ...children) =>
  fillElement(document.createElement(tag), properties, children);
const shape = (tag, properties = {}, ...children) =>
  fillElement(document.createElementNS("http://www.w3.org/2000/svg", tag), properties, children);

function look({ color }) {
  const turns = Math.floor(color / COLORS.length); // by which palette.line moves the dash on
  return { color: COLORS[color % COLORS.length], dash: DASHES[(color + turns) % DASHES.length], d: SHAPES[color % SHAPES.length] };
}

const sign = (model, attributes) => shape("path", { d: look(model).d, fill: look(model).color, ...attributes });
const symbol = (model) => shape("svg", { viewBox: "-9 -9 18 18", "aria-hidden": "true" }, sign(model));

// ---- Mounting ---------------------------------------------------------------------------------

// Show data in the view of a place, which makeView makes where there is none yet; returns what ends
// it. called: what Streamlit calls a component with.  send: how it takes what the view sends.
function mount(views, makeView, { data, parentElement }, send) {
  if (!parentElement.isConnected) return undefined; // the call came late, see feed.py
  let view = views.get(parentElement);
  if (!view?.root.isConnected) views.set(parentElement, (view = makeView(parentElement)));
  view.send = send;
  speak(parentElement, data.language);
  view.show(data);
  return () => parentElement.isConnected || view.close();
}

// ---- Pictures ---------------------------------------------------------------------------------

async function readPixels(url, size) {
  const image = new Image();
  image.src = url;
  await image.decode();
  const context = element("canvas", { width: size, height: size }).getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0, size, size);
  return context.getImageData(0, 0, size, size).data;
}

// ---- The channel ------------------------------------------------------------------------------

// The address of a WebSocket below the page's own folder, whatever that is behind a proxy.
function channelAddress(path) {
  const address = new URL(path.replace(/^\//, ""), new URL(".", location.href));
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return address;
}

// ---- Room -------------------------------------------------------------------------------------

const PHONE = 30; // em; what is narrower has one column, and names its curves below them
const SCREEN = 40; // em; what is narrower is not fitted to a presenter's screen
const LEAST_SCREEN = 380; // pixels; a lower screen is scrolled

// Where the axes of a plot end, which leaves room for the names of curves beside them.
const plotRight = (width, { em, room }) =>
  room === "phone" ? width - 3.2 * em : width - clamp(width * 0.27, 7.5 * em, 15 * em);

// A presenter's room is the screen, into which all is fitted that the talk is about, and so is the
// room below a step of a story.
function roomOf(width, em, wide, presenter) {
  const isFitted = presenter || document.querySelector(".st-key-story");
  if (isFitted && width >= SCREEN * em) return "screen";
  return width < PHONE * em ? "phone" : width < wide * em ? "narrow" : "wide";
}

// Pixels from the top of the stage to the lower edge of the screen.
function screenBelow(stage) {
  const page = document.querySelector('[data-testid="stMain"]') ?? document.documentElement;
  const top = stage.getBoundingClientRect().top + page.scrollTop;
  return Math.max(innerHeight - top - 12, LEAST_SCREEN);
}

// The same from the top of a plot that lies in the stage.
const screenBelowPlot = (stage, plot) =>
  screenBelow(stage) - (plot.getBoundingClientRect().top - stage.getBoundingClientRect().top);

// Call draw whenever the stage, or what is above it, takes another size.
function observeRoom(stage, draw) {
  const observer = new ResizeObserver(draw);
  const page = document.querySelector('[data-testid="stMainBlockContainer"]');
  return {
    observe: () => [stage, page].forEach((node) => node && observer.observe(node)),
    disconnect: () => observer.disconnect(),
  };
}

// ---- Saying it --------------------------------------------------------------------------------

const SPOKEN_REST = 1000; // ms without a change until answers are read out

// Returns a function that hands a sentence to who listens instead of looking.
function makeSpeaker(place) {
  let resting = null, last = "";
  return function tell(sentence) {
    if (sentence === last) return;
    last = sentence;
    clearTimeout(resting);
    resting = setTimeout(() => { place.textContent = sentence; }, SPOKEN_REST);
  };
}

// What a card says, in words.
const spoken = ({ node, verdict, top }) =>
  `${node.querySelector("header").textContent} ${verdict.textContent}, ${top[0].share.textContent}.`;

// ---- Numbers ----------------------------------------------------------------------------------

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const digits = (value) => numeral(value.toPrecision(3));
const superscript = (power) => [...String(power)].map((c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c])).join("");

// ---- Plots ------------------------------------------------------------------------------------

function grid({ axis: { ticks, x, right, title }, em }, top, bottom) {
  return [
    ...ticks.map(({ at }) => shape("line", { class: "grid", x1: x(at), x2: x(at), y1: top, y2: bottom })),
    ...ticks.map(({ at, label }) => shape("text", { x: x(at), y: bottom + 1.25 * em, "text-anchor": "middle", text: label })),
    shape("text", { class: "title", x: right, y: bottom + 2.6 * em, "text-anchor": "end", text: title }),
  ];
}

function yLabels({ axis: { left }, em }, y, labels) {
  return labels.map(([value, text]) =>
    shape("text", { x: left - 0.5 * em, y: y(value) + 0.33 * em, "text-anchor": "end", text }));
}

function yTitle({ em }, top, bottom, text) {
  return shape("text", { "text-anchor": "middle", transform: `translate(${em} ${(top + bottom) / 2}) rotate(-90)`, text });
}

// How high the curves are drawn. besides: what there is above and below them, for presenters, whose
// scene has the height that is left for all of it.
function curveHeight({ axis: { width }, em, room, height }, names, besides) {
  if (height) return Math.max(height - besides, 4 * em);
  if (room === "phone") return clamp(width * 0.7, 12 * em, 18 * em);
  return Math.max(clamp(width * 0.28, 12 * em, 18 * em), names.height - 3 * em);
}

function moveMarker(marker, x) {
  marker.setAttribute("x1", x);
  marker.setAttribute("x2", x);
}

function nameTag(model, axis, em, small) {
  const style = `left:${axis.right + em}px; width:${axis.width - axis.right - em}px`;
  return element("div", { style }, symbol(model), element("span", {}, element("b", { text: model.title }), small));
}

// Stack the tags of curves beside their right ends, so that no two overlap.
// names: [{ model, node }] in the document; last: the value at the right end of a model's curve.
function spreadNames(names, em, last) {
  const heights = new Map(names.map(({ node }) => [node, node.offsetHeight + 0.5 * em]));
  const height = [...heights.values()].reduce((sum, each) => sum + each, 0);
  function place(y, bottom) {
    const end = (model) => y(last(model));
    let room = height, floor = 0;
    for (const { model, node } of names.sort((a, b) => end(a.model) - end(b.model))) {
      const top = clamp(end(model) - 0.7 * em, floor, Math.max(floor, bottom - room));
      node.style.top = `${top}px`;
      floor = top + heights.get(node);
      room -= heights.get(node);
    }
  }
  return { height, place };
}

// ---- One model's card -------------------------------------------------------------------------

function makeRow(kind) {
  const fill = element("div", { class: "fill" });
  const name = element("span", { class: "name" }), share = element("span", { class: "share" });
  return { node: element("div", { class: `row ${kind}` }, fill, name, share), fill, name, share };
}

function fillRow(row, name, share) {
  row.name.textContent = name;
  row.share.textContent = share === null ? "" : `${Math.round(100 * share)} %`;
  row.fill.style.width = `${100 * (share ?? 0)}%`;
}

// measures: kinds of the rows on the right, below their title.
function makeCard(model, title, measures) {
  const top = Array.from({ length: ROWS }, () => makeRow("top")), right = measures.map(makeRow);
  const verdict = element("h4", { "aria-level": 2 }), note = element("p", { class: "note" });
  const header = element("header", {}, symbol(model), element("span", { text: model.title }));
  const answers = element("div", { class: "answers" },
    element("div", { class: "rows" }, verdict, ...top.map((row) => row.node)),
    element("div", { class: "rows measures" }, element("h4", { "aria-level": 3, text: title }), ...right.map((row) => row.node)));
  const style = `--model:${look(model).color}`;
  return { node: element("article", { class: "model", style }, header, answers, note), top, measures: right, verdict, note };
}

// best: [class index, probability] from the best down.  sure: false while these are a guess.
function fillAnswers({ node, top, verdict }, { classes }, best, sure) {
  node.classList.toggle("provisional", !sure);
  if (sure) verdict.replaceChildren(`${say("says")} `, element("b", { text: classes[best[0]?.[0]] ?? "–" }));
  else verdict.textContent = say("computing …");
  top.forEach((row, n) => fillRow(row, best[n] ? classes[best[n][0]] : "…", best[n]?.[1] ?? null));
}

// As many columns as fit, but no row with a gap where a more even split exists.
function arrangeCards(box, em, least = 15) {
  const count = box.childElementCount, fit = clamp(Math.floor(box.clientWidth / (least * em)), 1, count || 1);
  const columns = Math.ceil(count / Math.ceil(count / fit)) || 1;
  box.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
}

// ---- What a person does -----------------------------------------------------------------------

// Each arrow key is a change of its own; only the rest after the last one counts as release.
function onDial(input, drag, release) {
  let resting = null, byKey = false;
  input.oninput = () => drag(Number(input.value));
  input.onkeydown = () => { byKey = true; };
  input.onpointerdown = () => { byKey = false; };
  input.onchange = () => {
    clearTimeout(resting);
    if (byKey) resting = setTimeout(release, KEYS_REST);
    else release();
  };
}

// drag: called with the pointer's x in the plot while it is down.
function onPlot(svg, drag, release) {
  const follow = (event) => drag(event.clientX - svg.getBoundingClientRect().left);
  svg.onpointerdown = (event) => {
    svg.setPointerCapture(event.pointerId);
    follow(event);
  };
  svg.onpointermove = (event) => svg.hasPointerCapture(event.pointerId) && follow(event);
  svg.onpointerup = svg.onpointercancel = release;
}
