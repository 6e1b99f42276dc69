// The stage: one cutoff moves the hybrid picture, every model's answers, the curves and the filter.
// Streamlit calls the default export with the pictures and models (data); settings and answers, which
// change often, come through a slot on window, so that the pictures need not be sent again.

const STEPS = 360; // slider positions, equally spaced in log cutoff
const FAR = 64; // side in pixels of what is seen from far: it has few frequencies, and costs little so
const views = new WeakMap();

export default function stage(called) {
  return mount(views, makeView, called, called.setStateValue);
}

// ---- One model's card -------------------------------------------------------------------------

// stale: the answers belong to other settings than those on the screen.
function fillCard(card, model, answers, labels, cutoff, stale) {
  const place = bracket(answers, cutoff), best = place ? bestAnswers(answers, place, ROWS) : [];
  const sure = place?.sure && !stale, paired = place && answers.hasPair;
  fillAnswers(card, model, best, sure);
  const kind = !sure ? "guessed" : answers.cutoffs.includes(cutoff) ? "exact" : "between";
  card.node.dataset.answers = kind;
  card.node.title = kind === "between" ? say("≈ lies between two cutoffs that the network was asked at") : "";
  for (const [n, side] of ["low", "high"].entries()) {
    fillRow(card.measures[n], `${[say("low"), say("high")][n]}: ${labels[side]}`, paired ? between(answers[side], place) : null);
  }
  card.note.hidden = !answers.note;
  card.note.textContent = answers.note ?? "";
}

// ---- One mounted stage ------------------------------------------------------------------------

function makeView(parent) {
  const parts = {};
  for (const node of parent.querySelectorAll("[data-part]")) parts[node.dataset.part] = node;
  const slots = (window.blurlabStages ??= new Map());
  let data = null, slot = null, settings = null, answers = null, pictures = null, cards = [];
  let cutoff = 1, highCutoff = null, far = false, dragging = false;
  const small = element("canvas", { width: FAR, height: FAR }), smallPlan = makePlan(FAR);
  let sent = []; // pairs of cutoffs on their way to Python and back, which must not move the slider
  let live = null; // the server's answers at the very cutoffs, as they came last
  let scene = null, moveCurves = null, moveSpectra = null, frame = null, layoutIsOld = true;
  const view = { root: parts.stage, show, close, send: () => {} };

  // -- What comes in ----------------------------------------------------------------------------

  function show(next) {
    if (next.time < data?.time) return;
    close();
    const changed = (...names) => names.some((name) => JSON.stringify(data?.[name]) !== JSON.stringify(next[name]));
    const newPictures = changed("low", "high", "size"), newModels = changed("models", "language");
    data = next;
    if (!slots.has(data.stage)) slots.set(data.stage, {});
    slot = slots.get(data.stage);
    Object.assign(slot, data.parts); // a page without a server brings settings and answers along
    slot.changed = receive;
    observer.observe();
    if (newPictures) loadPictures();
    if (newModels) {
      cards = data.models.map((model) => makeCard(model, say("probability of each picture"), ["low", "high"]));
      parts.models.replaceChildren(...cards.map(({ node }) => node));
    }
    layoutIsOld = true;
    receive();
  }

  function close() {
    observer.disconnect();
    cancelAnimationFrame(frame);
    frame = null;
    if (slot?.changed === receive) slot.changed = null;
  }

  // A cutoff is drawn at once: the figures that follow it would hold up the next frame.
  function receive() {
    const before = settings, answersBefore = answers;
    if (slot.settings && slot.settings !== settings) adopt(slot.settings);
    answers = slot.answers;
    layoutIsOld ||= !before || answers !== answersBefore || looks(before) !== looks(settings);
    if (layoutIsOld || frame !== null) redraw(layoutIsOld);
    else draw();
  }

  // Everything of the settings that the layout depends on.
  const looks = ({ cutoff: _, highCutoff: high, ...others }) => JSON.stringify([high === null, others]);

  function adopt(next) {
    const own = sent.findIndex((pair) => pair[0] === next.cutoff && pair[1] === next.highCutoff);
    const moved = settings?.cutoff !== next.cutoff || settings?.highCutoff !== next.highCutoff;
    if (own >= 0) sent = sent.slice(own + 1);
    else if (moved && !dragging) {
      sent = [];
      ({ cutoff, highCutoff } = next);
    }
    if ((highCutoff === null) !== (next.highCutoff === null)) highCutoff = next.highCutoff;
    if (settings?.far !== next.far) showFar(next.far);
    parts.distance.hidden = parts.afar.hidden = !next.eye;
    settings = next;
    parts.stage.classList.toggle("presenter", settings.presenter);
  }

  async function loadPictures() {
    const { low, high, size } = data;
    pictures = null;
    parts.waiting.hidden = false;
    parts.low.src = low;
    parts.high.src = high;
    try {
      const bytes = await Promise.all([readPixels(low, size), readPixels(high, size)]);
      if (data.low !== low || data.high !== high) return; // another pair came meanwhile
      const plan = makePlan(size), [first, second] = bytes.map((rgba) => analyse(plan, rgba));
      parts.hybrid.width = parts.hybrid.height = size;
      pictures = {
        draw: hybridizer(plan, first, second),
        power: { low: radialPower(plan, first), high: radialPower(plan, second) },
        image: new ImageData(size, size),
      };
      parts.waiting.hidden = true;
      redraw(true);
    } catch {
      parts.waiting.textContent = say("The browser could not read one of the two pictures.");
    }
  }

  // -- What a person does -----------------------------------------------------------------------

  function release() {
    dragging = false;
    const last = sent.at(-1) ?? [settings.cutoff, settings.highCutoff];
    if (last[0] === cutoff && last[1] === highCutoff) return;
    sent.push([cutoff, highCutoff]);
    if (last[0] !== cutoff) view.send("cutoff", cutoff);
    if (last[1] !== highCutoff) view.send("high_cutoff", highCutoff);
  }

  const drag = (share, set) => {
    dragging = true;
    set(Number(fromShare(share, data.size).toPrecision(3)));
    if (slot.live && far === settings.far) ask({ ...slot.live, at: [cutoff, highCutoff] });
    redraw(false);
  };
  const ask = makeAsker((question, answers) => {
    if (question.token !== slot.live?.token) return;
    live = { ...question, answers };
    redraw(false);
  });
  const setCutoff = (value) => { cutoff = value; };
  const setHighCutoff = (value) => { highCutoff = value; };

  onDial(parts.cutoff, (value) => drag(value / STEPS, setCutoff), release);
  onDial(parts["high-cutoff"], (value) => drag(value / STEPS, setHighCutoff), release);

  for (const svg of [parts.curve, parts.spectra]) {
    onPlot(svg, (x) => drag((x - scene.axis.left) / (scene.axis.right - scene.axis.left), setCutoff), release);
  }

  function showFar(next) {
    far = next;
    parts.far.setAttribute("aria-pressed", far);
    parts.near.setAttribute("aria-pressed", !far);
  }
  for (const [button, next] of [[parts.near, false], [parts.far, true]]) {
    button.onclick = () => {
      showFar(next);
      view.send("far", far);
      redraw(true);
    };
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
    if (pictures) drawPicture();
    drawDials();
    const stale = highCutoff !== settings.highCutoff || far !== settings.far, here = answersHere();
    data.models.forEach((model, n) => here?.[model.key]
      ? fillCard(cards[n], model, makeSeries(here[model.key]), data.labels, cutoff, false)
      : fillCard(cards[n], model, scene.series[model.key], data.labels, cutoff, stale));
    moveCurves(cutoff);
    const [low, high] = [cutoff, highCutoff ?? cutoff].map(FILTERS[settings.filter]);
    moveSpectra?.(cutoff, low, (square) => 1 - high(square));
    tell(cards.map(spoken).join(" "));
  }

  // The server's answers to the very picture on the screen, where it has given them.
  function answersHere() {
    const isHere = live && live.token === slot.live?.token && far === settings.far;
    return isHere && live.at[0] === cutoff && live.at[1] === highCutoff ? live.answers : null;
  }

  function drawPicture() {
    pictures.draw(settings.filter, cutoff, highCutoff ?? cutoff, pictures.image.data);
    parts.hybrid.getContext("2d").putImageData(pictures.image, 0, 0);
    if (settings.eye) drawAfar(settings.eye.cutoff);
    parts.hybrid.dataset.cutoff = cutoff;
    parts.hybrid.dataset.far = far;
  }

  // What an eye resolves from far, beside the hybrid or in its place.
  function drawAfar(limit) {
    const context = small.getContext("2d", { willReadFrequently: true });
    context.imageSmoothingQuality = "high";
    context.drawImage(parts.hybrid, 0, 0, FAR, FAR);
    const image = context.getImageData(0, 0, FAR, FAR);
    lowPass(smallPlan, "gaussian", limit, image.data);
    context.putImageData(image, 0, 0);
    for (const canvas of far ? [parts.distant, parts.hybrid] : [parts.distant]) {
      canvas.getContext("2d").imageSmoothingQuality = "high";
      canvas.getContext("2d").drawImage(small, 0, 0, canvas.width, canvas.height);
    }
  }

  function drawDials() {
    for (const [name, value] of [["cutoff", cutoff], ["high-cutoff", highCutoff]]) {
      if (value === null) continue;
      const number = element("b", { text: inUnit(value, settings.unit) });
      parts[`${name}-value`].replaceChildren(number, ` ${settings.unit.suffix}`);
      parts[name].value = Math.round(STEPS * toShare(value, data.size));
      parts[name].setAttribute("aria-valuetext", withUnit(value, settings.unit));
    }
  }

  // Everything that stays while the cutoff moves.
  function drawLayout() {
    const { models, labels, size, cutoffs } = data, { unit } = settings;
    const series = Object.fromEntries(models.map(({ key }) => [key, makeSeries(slot.answers?.[key], cutoffs)]));
    const em = parseFloat(getComputedStyle(parts.stage).fontSize);
    const room = roomOf(parts.stage.clientWidth, em, 54, settings.presenter), isScreen = room === "screen";
    parts.stage.dataset.width = room;
    writeLabels(labels);
    arrangeCards(parts.models, em, isScreen ? 10 : 15);
    if (isScreen) fitPicture();
    parts.words.hidden = !far || !settings.eye;
    parts.words.textContent = settings.eye?.words ?? "";
    const height = isScreen ? screenBelowPlot(parts.stage, parts.curve) : null;
    scene = { models, labels, size, unit, series, em, room, height };
    scene.axis = makeAxis(scene, parts.curve.clientWidth);
    parts.ticks.replaceChildren(...scene.axis.ticks.map(({ at, label }) =>
      element("span", { text: label, style: `left:${100 * toShare(at, size)}%` })));
    moveCurves = drawCurves(scene, parts.curve, parts.names);
    moveSpectra = pictures && drawSpectra(scene, parts.spectra, pictures.power);
    const count = (name) => models.reduce((sum, { key }) => sum + series[key][name].length, 0);
    const [done, all] = [count("known"), count("cutoffs")];
    parts.progress.textContent = done < all ? say("computing the answers: {done} of {all}", { done, all }) : "";
  }

  // The picture takes what the sliders below it leave of the screen.
  function fitPicture() {
    const sliders = parts.directions.getBoundingClientRect().bottom - parts.frame.getBoundingClientRect().bottom;
    const side = clamp(screenBelow(parts.stage) - sliders, 220, 0.5 * parts.stage.clientWidth);
    parts.stage.style.setProperty("--side", `${side}px`);
  }

  function writeLabels({ low, high }) {
    const linked = highCutoff === null;
    const texts = {
      "low-label": low, "high-label": high,
      "cutoff-label": linked ? say("Cutoff") : say("{label} up to", { label: low }), "high-cutoff-label": say("{label} from", { label: high }),
      "toward-high": say("← more of {label}", { label: high }), "toward-low": say("more of {label} →", { label: low }),
      "low-legend": say("low frequencies: {label}", { label: low }), "high-legend": say("high frequencies: {label}", { label: high }),
    };
    for (const [name, text] of Object.entries(texts)) parts[name].textContent = text;
    parts["high-dial"].hidden = linked;
    parts.hybrid.setAttribute("aria-label", say("Hybrid picture: coarse structure of {low}, fine structure of {high}", { low, high }));
  }

  return view;
}
