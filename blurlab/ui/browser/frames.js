// The frames: pictures that were made before and are leafed through with one slider, every model's
// answers to them, and curves over the slider's positions. Streamlit calls the default export with
// what stays (data); pictures, answers and settings come through a slot on window, each by itself.

const CHUNK = 8; // frames per part of the slot, as in frames.py
const CHAIN_CURVES = 10; // em; height of a chain's curves and their heading on a presenter's screen
const CURVE_DASHES = ["none", "9 5", "2 5", "14 4 3 4"];
const views = new WeakMap();

export default function frames(called) {
  return mount(views, makeView, called, called.setStateValue);
}

// ---- The curves -------------------------------------------------------------------------------

function makeFrameAxis(scene, width) {
  const { positions, texts, em, title } = scene, left = 3.6 * em, right = plotRight(width, scene);
  const first = positions[0], range = positions.at(-1) - first || 1;
  const x = (value) => left + ((right - left) * (value - first)) / range;
  // Every number, or every second, third ... of them and the last one, so that no two touch.
  const half = (i) => (0.27 * texts[i].length + 0.3) * em, last = positions.length - 1;
  const touch = (i, j) => i < j && x(positions[j]) - half(j) < x(positions[i]) + half(i);
  const every = (stride) => [...positions.keys()].filter((i) => i === last || (i % stride === 0 && !touch(i, last)));
  let stride = 1;
  while (every(stride).some((j, n, chosen) => n && touch(chosen[n - 1], j))) stride++;
  const ticks = every(stride).map((i) => ({ at: positions[i], label: texts[i] }));
  const nearest = (place) => positions.reduce((best, at, i) =>
    Math.abs(x(at) - place) < Math.abs(x(positions[best]) - place) ? i : best, 0);
  return { width, left, right, x, ticks, nearest, title };
}

// Draw a line per model and curve; returns move(index).
function drawFrameCurves(scene, svg, namesBox) {
  const { models, curves, positions, axis, em } = scene, { width, left, right } = axis;
  const [main] = Object.keys(curves);
  const lines = Object.keys(curves).flatMap((name, n) => models.map((model) => ({
    model, name, dash: CURVE_DASHES[n % CURVE_DASHES.length], values: curveValues(scene, model, name),
  }))).filter(({ values }) => values.some((value) => value !== null));
  const names = nameFrames(lines.filter(({ name }) => name === main), axis, em, namesBox);
  const top = 0.8 * em, bottom = top + curveHeight(scene, names, 3.8 * em);
  const y = (value) => bottom - (bottom - top) * value;
  const marker = shape("line", { class: "marker", y1: top, y2: bottom });
  const dots = lines.map(({ model }) => sign(model, { class: "shape" }));
  svg.setAttribute("height", bottom + 3 * em);
  svg.replaceChildren(
    ...grid(scene, top, bottom),
    ...[1, 0.5, 0].map((value) => shape("line", { class: value ? "grid" : "zero", x1: left, x2: right, y1: y(value), y2: y(value) })),
    ...yLabels(scene, y, [[1, "1"], [0.5, "½"], [0, "0"]]),
    yTitle(scene, top, bottom, say("probability")),
    ...lines.flatMap((line) => frameLine(line, (i) => `${axis.x(positions[i]).toFixed(1)} ${y(line.values[i]).toFixed(1)}`)),
    marker, ...dots,
  );
  names.place(y, bottom + 2.5 * em);
  return function move(index) {
    moveMarker(marker, axis.x(positions[index]));
    lines.forEach(({ values }, n) => {
      const value = values[index];
      dots[n].style.display = value === null ? "none" : "";
      dots[n].setAttribute("transform", `translate(${axis.x(positions[index])} ${y(value ?? 0)})`);
    });
  };
}

// What a curve is of, where a heading says that it is a probability.
const shortened = (title) => title.startsWith(`${say("probability of")} `) ? title.slice(say("probability of").length + 1) : title;

const curveValues = ({ positions, answers }, { key }, name) =>
  positions.map((_, i) => answers[key]?.curves?.[name]?.[i] ?? null);

// A full line between neighbours, a dotted guess where a position between is not computed yet.
function frameLine({ model, values, dash }, point) {
  const paths = { true: "", false: "" };
  let previous = null, joined = null;
  for (const i of values.keys()) {
    if (values[i] === null) continue;
    if (previous !== null) {
      const sure = i - previous === 1;
      paths[sure] += `${sure && joined === previous ? "" : `M${point(previous)}`}L${point(i)}`;
      if (sure) joined = i;
    }
    previous = i;
  }
  const stroke = look(model).color;
  return [
    shape("path", { class: "line guess", d: paths.false, stroke }),
    shape("path", { class: "line", d: paths.true, stroke, "stroke-dasharray": dash }),
  ];
}

function nameFrames(lines, axis, em, box) {
  const names = lines.map(({ model }) => ({ model, node: nameTag(model, axis, em, "") }));
  box.replaceChildren(...names.map(({ node }) => node));
  const ends = new Map(lines.map(({ model, values }) => [model.key, values.findLast((value) => value !== null)]));
  return spreadNames(names, em, ({ key }) => ends.get(key));
}

// ---- The stages of a chain --------------------------------------------------------------------

// A line per model for what it says of one picture; fill(classes, probabilities) at a position.
function makeVerdict(model) {
  const row = makeRow("top"), mark = element("span", { class: "mark" });
  const node = element("div", { class: "verdict", style: `--model:${look(model).color}` }, symbol(model), row.node, mark);
  function fill(classes, probabilities) {
    fillRow(row, classes ? model.classes[classes[0]] : "…", classes ? probabilities[0] : null);
    const right = classes?.[0] === model.true;
    mark.textContent = !classes || model.true === undefined ? "" : right ? "✓" : "✗";
    mark.title = mark.textContent && (right ? say("right") : say("wrong"));
    node.classList.toggle("wrong", mark.textContent === "✗");
  }
  return { node, fill };
}

const SKETCH = { width: 100, height: 42 }; // of the drawing; the page stretches it

// The spectrum of one stage, before that of the chain's first; draw(spectrum, first).
function makeSketch(spectra) {
  const known = spectra.flat().filter((row) => row).flat();
  const high = Math.max(...known), low = Math.max(Math.min(...known), high - 8);
  const whole = shape("path", { class: "spectrum whole" }), own = shape("path", { class: "spectrum kept" });
  const svg = shape("svg", { viewBox: `0 0 ${SKETCH.width} ${SKETCH.height}`, preserveAspectRatio: "none" }, whole, own);
  const ends = element("div", { class: "ends" }, element("span", { text: say("coarse") }), element("span", { text: say("power") }), element("span", { text: say("fine") }));
  const path = (row) => (row ?? []).map((power, ring) => {
    const x = (SKETCH.width * ring) / (row.length - 1); // not logarithmic, to give fine detail room
    const y = 1 + (SKETCH.height - 2) * clamp((high - power) / (high - low || 1), 0, 1);
    return `${ring ? "L" : "M"}${x.toFixed(2)} ${y.toFixed(2)}`;
  }).join("");
  function draw(spectrum, first) {
    own.setAttribute("d", path(spectrum));
    whole.setAttribute("d", path(first));
  }
  return { node: element("div", { class: "sketch", role: "img", "aria-label": say("power spectrum") }, svg, ends), draw };
}

// ---- One mounted view -------------------------------------------------------------------------

function makeView(parent) {
  const parts = {};
  for (const node of parent.querySelectorAll("[data-part]")) parts[node.dataset.part] = node;
  const slots = (window.blurlabStages ??= new Map()), decoded = new Map();
  let data = null, slot = null, settings = null, cards = [], boxes = [], modelsShown = "";
  let index = 0, dragging = false, sent = [], held = false;
  let scene = null, moveCurves = null, frame = null, layoutIsOld = true;
  const view = { root: parts.stage, show, close, send: () => {} };

  // -- What comes in ----------------------------------------------------------------------------

  function show(next) {
    if (next.time < data?.time) return;
    close();
    data = next;
    if (!slots.has(data.stage)) slots.set(data.stage, {});
    slot = slots.get(data.stage);
    Object.assign(slot, data.parts); // a page without a server brings all of it along
    slot.changed = receive;
    observer.observe();
    parts.stage.dataset.count = data.titles.length;
    parts.position.max = data.positions.length - 1;
    boxes = data.titles.map(makeBox);
    parts.pictures.replaceChildren(...boxes.map(({ node }) => node));
    held = false;
    parts.stage.classList.toggle("held", Boolean(data.compared));
    if (data.compared) holdToCompare(boxes[data.compared[0]]);
    index = clamp(index, 0, data.positions.length - 1);
    receive();
  }

  function close() {
    observer.disconnect();
    cancelAnimationFrame(frame);
    frame = null;
    if (slot?.changed === receive) slot.changed = null;
  }

  function receive() {
    if (slot.settings && slot.settings !== settings) adopt(slot.settings);
    redraw(true);
  }

  function adopt(next) {
    const own = sent.indexOf(next.position);
    if (own >= 0) sent = sent.slice(own + 1);
    else if (!dragging && settings?.position !== next.position) {
      sent = [];
      index = nearest(next.position);
    }
    settings = next;
    parts.stage.classList.toggle("presenter", settings.presenter);
  }

  const nearest = (position) => data.positions.reduce((best, at, i) =>
    Math.abs(at - position) < Math.abs(data.positions[best] - position) ? i : best, 0);

  // -- What a person does -----------------------------------------------------------------------

  function drag(next) {
    dragging = true;
    index = next;
    redraw(false);
  }

  function release() {
    dragging = false;
    const position = data.positions[index];
    if ((sent.at(-1) ?? settings.position) === position) return;
    sent.push(position);
    view.send("position", position);
  }

  onDial(parts.position, drag, release);
  onPlot(parts.curve, (x) => drag(scene.axis.nearest(x)), release);

  // While it is held, another picture stands in its place.
  function holdToCompare(box) {
    const [own, other] = data.compared, { caption, frame } = box;
    const button = element("button", { type: "button", class: "hold", text: say("Hold to compare"), "aria-pressed": "false" });
    const hold = (on) => () => {
      if (held === on) return;
      held = on;
      caption.textContent = data.titles[on ? other : own];
      button.setAttribute("aria-pressed", on);
      redraw(false);
    };
    for (const node of [frame, button]) {
      node.addEventListener("pointerdown", hold(true));
      for (const end of ["pointerup", "pointercancel", "pointerleave"]) node.addEventListener(end, hold(false));
      node.addEventListener("contextmenu", (event) => event.preventDefault()); // a long touch asks for it
    }
    button.addEventListener("keydown", ({ key }) => (key === " " || key === "Enter") && hold(true)());
    for (const end of ["keyup", "blur"]) button.addEventListener(end, hold(false));
    frame.classList.add("held");
    box.stage.replaceChildren(button);
  }

  // -- Drawing, at most once per frame ----------------------------------------------------------

  const observer = observeRoom(parts.stage, () => redraw(true)), tell = makeSpeaker(parts.spoken);

  function redraw(layout) {
    layoutIsOld ||= layout;
    frame ??= requestAnimationFrame(draw);
  }

  function draw() {
    frame = null;
    if (!settings || !parts.stage.clientWidth) return; // the observer tells when there is room
    if (layoutIsOld) drawLayout();
    layoutIsOld = false;
    boxes.forEach(drawPicture);
    drawDial();
    scene.models.forEach((model, n) => fillFrameCard(cards[n], model));
    boxes.slice(0, scene.stages.length).forEach(fillStage);
    moveCurves(index);
    tell(cards.map(spoken).join(" "));
  }

  function fillStage({ verdicts, sketch }, n) {
    const { said, spectra } = scene.stages[n];
    scene.models.forEach(({ key }, m) =>
      verdicts[m].fill(said[key]?.classes?.[index], said[key]?.probabilities?.[index]));
    sketch.draw(spectra[index], n ? scene.stages[0].spectra[index] : null);
  }

  function layOutStage(box) {
    box.verdicts = scene.models.map(makeVerdict);
    box.sketch = makeSketch(scene.stages.map(({ spectra }) => spectra));
    box.stage.replaceChildren(...box.verdicts.map(({ node }) => node), box.sketch.node);
  }

  const url = (picture, i) => slot[`pictures-${picture}-${CHUNK * Math.floor(i / CHUNK)}`]?.[i % CHUNK] ?? null;

  // The nearest frame that is there stands in, faintly, for one that is not computed yet.
  function drawPicture({ frame, canvas, waiting }, place) {
    const n = held && place === data.compared[0] ? data.compared[1] : place;
    const there = [...data.positions.keys()].filter((i) => url(n, i) && decoded.get(url(n, i))?.complete);
    const shown = there.sort((a, b) => Math.abs(a - index) - Math.abs(b - index))[0];
    frame.classList.toggle("old", shown !== index);
    waiting.hidden = shown === index;
    if (shown === undefined) return;
    const image = decoded.get(url(n, shown));
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
    canvas.getContext("2d").drawImage(image, 0, 0);
    canvas.dataset.position = data.positions[shown];
  }

  // Decode every frame once, ahead of the slider, and forget those of other pictures.
  function decodeAll() {
    const urls = new Set(boxes.flatMap((_, n) => data.positions.map((_, i) => url(n, i))).filter(Boolean));
    for (const old of decoded.keys()) if (!urls.has(old)) decoded.delete(old);
    for (const each of urls) {
      if (decoded.has(each)) continue;
      const image = new Image();
      decoded.set(each, image);
      image.onload = () => redraw(false);
      image.src = each;
    }
  }

  function drawDial() {
    const text = data.texts[index], value = `${text}${data.unit ? ` ${data.unit}` : ""}`;
    parts.value.replaceChildren(element("b", { text }), data.unit ? ` ${data.unit}` : "");
    parts.position.value = index;
    parts.position.setAttribute("aria-valuetext", value);
  }

  function fillFrameCard(card, model) {
    const said = scene.answers[model.key], indices = said?.classes?.[index];
    const best = (indices ?? []).map((label, n) => [label, said.probabilities[index][n]]);
    fillAnswers(card, model, best, indices != null);
    Object.entries(scene.curves).forEach(([name, title], n) =>
      fillRow(card.measures[n], shortened(title), curveValues(scene, model, name)[index]));
    card.note.hidden = !said?.note;
    card.note.textContent = said?.note ?? "";
  }

  // Everything that stays while the slider moves.
  function drawLayout() {
    const { models = [], answers = {}, curves = {}, note, stages = [] } = slot.answers ?? {};
    const em = parseFloat(getComputedStyle(parts.stage).fontSize), { positions, texts, label, unit } = data;
    const least = data.titles.length === 2 && !stages.length ? 66 : 54; // so that cards lie side by side
    const room = roomOf(parts.stage.clientWidth, em, least, settings.presenter), isScreen = room === "screen";
    parts.stage.dataset.width = room;
    decodeAll();
    if (modelsShown !== JSON.stringify([models, curves, data.language])) {
      modelsShown = JSON.stringify([models, curves, data.language]);
      cards = models.map((model) => makeCard(model, say("probability of"), Object.keys(curves).map(() => "measure")));
      parts.models.replaceChildren(...cards.map(({ node }) => node));
    }
    arrangeCards(parts.models, em, isScreen ? 10 : 15);
    parts.label.textContent = label;
    scene = { models, answers, curves, stages, positions, texts, em, room, title: unit ? `${label}, ${unit}` : label };
    parts.stage.classList.toggle("chain", stages.length > 0);
    parts.stage.classList.toggle("bare", slot.answers !== undefined && !models.length);
    boxes.slice(0, stages.length).forEach(layOutStage);
    parts.who.hidden = stages.length === 0;
    parts.who.replaceChildren(...models.map((model) => element("span", {}, symbol(model), element("b", { text: model.title }))));
    if (isScreen) {
      fitPictures(em);
      scene.height = screenBelowPlot(parts.stage, parts.curve);
    }
    scene.axis = makeFrameAxis(scene, parts.curve.clientWidth || parts.position.clientWidth);
    const shown = new Set(scene.axis.ticks.map(({ at }) => at)), last = positions.length - 1 || 1;
    parts.ticks.replaceChildren(...positions.flatMap((at, i) =>
      shown.has(at) ? [element("span", { text: texts[i], style: `left:${(100 * i) / last}%` })] : []));
    writeFigure(curves, note);
    moveCurves = drawFrameCurves(scene, parts.curve, parts.names);
    const all = models.length * positions.length;
    const done = models.reduce((sum, { key }) => sum + (answers[key]?.classes ?? []).filter((one) => one != null).length, 0);
    parts.progress.textContent = done < all ? say("computing the answers: {done} of {all}", { done, all }) : "";
  }

  // The pictures take what the slider, and for a chain what is below it, leave of the screen.
  function fitPictures(em) {
    const { stage, see } = parts, isChain = stage.classList.contains("chain");
    const shown = boxes.filter(({ node }) => node.offsetParent); // a presenter holds to see the original
    const others = see.offsetHeight - shown[0].frame.offsetHeight + (isChain ? CHAIN_CURVES * em : 0);
    const share = isChain ? 0.85 : stage.classList.contains("bare") ? 0.95 : 0.5;
    const most = share * stage.clientWidth / shown.length;
    stage.style.setProperty("--shown", shown.length);
    stage.style.setProperty("--side", `${clamp(screenBelow(stage) - others, Math.min(most, 130), most)}px`);
  }

  function writeFigure(curves, note) {
    const titles = Object.values(curves), several = titles.length > 1;
    parts.title.textContent = several ? say("Probabilities") : titles[0] ?? "";
    parts.curve.setAttribute("role", "img"); // which needs a name, and has one from now on
    parts.curve.setAttribute("aria-label", say("{curves} against {label}, a line per model", { curves: titles.join(` ${say("and")} `), label: data.label }));
    parts.legend.replaceChildren(...(several ? titles : []).map((title, n) => element("span", {},
      shape("svg", { viewBox: "0 0 34 12" },
        shape("path", { class: "spectrum", d: "M0 6H34", "stroke-dasharray": CURVE_DASHES[n % CURVE_DASHES.length] })),
      element("i", { text: title }))));
    parts.note.hidden = !note;
    parts.note.textContent = note ?? "";
    parts.figure.hidden = titles.length === 0;
  }

  function makeBox(title) {
    const canvas = element("canvas", { role: "img", "aria-label": title, "data-part": "picture" });
    const waiting = element("p", { class: "waiting", role: "status", text: say("computing …") });
    const box = element("div", { class: "frame" }, canvas, waiting);
    const caption = element("figcaption", { text: title }), stage = element("div", { class: "answered" });
    return { node: element("figure", { class: "shown" }, box, caption, stage), frame: box, caption, canvas, waiting, stage };
  }

  return view;
}
