// A game of trials. Cutoffs and pictures come through the slot on window; the cutoffs for either answer
// come ahead, so that the next trial need not wait for Python.

const PARTS = 4; // of the slot, among which pictures of trials alternate
const TOO_LONG = 2; // times the asked duration, from which a trial does not count
const games = new WeakMap();

export default function game(called) {
  return mount(games, makeGame, called, called.setStateValue);
}

function makeGame(parent) {
  const parts = {};
  for (const node of parent.querySelectorAll("[data-part]")) parts[node.dataset.part] = node;
  const slots = (window.blurlabStages ??= new Map());
  let data = null, slot = null, records = [], round = 0, wake = () => {}, answer = null;
  let sentAt = 0, reply = null, context = null;
  const view = { root: parts.game, show, close, send: () => {} };

  function show(next) {
    if (next.time < data?.time) return;
    const isNew = data?.game !== next.game, isAnother = data && isNew, isOther = data?.language?.code !== next.language?.code;
    data = next;
    if (!slots.has(data.stage)) slots.set(data.stage, {});
    slot = slots.get(data.stage);
    slot.changed = receive;
    document.addEventListener("keydown", onKey);
    window.addEventListener("beforeunload", onLeave);
    parts.game.classList.toggle("presenter", data.presenter);
    if (isNew || (isOther && parts.game.dataset.state === "ready")) getReady();
    // What was clicked to begin another game would take the key that starts it.
    if (isAnother && document.activeElement?.matches("button:not(:focus-visible)")) parts.game.focus({ preventScroll: true });
  }

  function close() {
    round++;
    document.removeEventListener("keydown", onKey);
    window.removeEventListener("beforeunload", onLeave);
    if (slot?.changed === receive) slot.changed = null;
  }

  function receive() {
    const isNext = slot.course?.game === data.game && slot.course.n === records.length;
    if (isNext && records.length && reply === null) reply = performance.now() - sentAt;
    wake();
  }

  function getReady() {
    round++;
    records = [];
    parts.canvas.width = parts.canvas.height = data.size;
    context = parts.canvas.getContext("2d");
    drawExample(round);
    parts.start.hidden = false;
    parts.start.textContent = data.words.start;
    parts.count.textContent = data.words.keys;
    parts.game.dataset.state = "ready";
    offer(null);
  }

  // -- One trial after another --------------------------------------------------------------------

  async function play() {
    const own = ++round, isOld = () => own !== round || !parts.game.isConnected;
    parts.start.hidden = true;
    parts.game.focus({ preventScroll: true }); // else the arrows would move what was chosen last
    let cutoff = null; // of the next trial, where the answer before told it
    for (let n = 0; ; n++) {
      const course = () => slot.course?.game === data.game && slot.course.n === n ? slot.course : null;
      parts.game.dataset.state = "waiting";
      drawGrey(context, true);
      const from = performance.now();
      const here = () => slot[`trial${n % PARTS}`]?.game === data.game && slot[`trial${n % PARTS}`].n === n;
      while (!here() || (cutoff === null && !course())) {
        await new Promise((resolve) => { wake = resolve; });
        if (isOld()) return;
      }
      const waited = performance.now() - from;
      parts.game.dataset.state = "fixation";
      parts.count.textContent = data.mayEnd ? say("{n} / {most} at most", { n: n + 1, most: data.most }) : `${n + 1} / ${data.most}`;
      const trial = slot[`trial${n % PARTS}`];
      cutoff ??= course().cutoff;
      const pictures = await prepareTrial(data.size, trial, cutoff);
      if (isOld()) return;
      const seen = await presentTrial(context, pictures, data.asked, isOld, (state) => { parts.game.dataset.state = state; });
      if (isOld()) return;
      offer(trial);
      const begun = performance.now(), side = await new Promise((resolve) => { answer = resolve; rest(isOld); });
      if (isOld()) return;
      offer(null);
      const coarse = (side === "right") === trial.coarseRight;
      const rounded = Object.fromEntries(Object.entries({
        ...seen, answered: performance.now() - begun, waited, reply: reply ?? 0,
        side: parts.canvas.getBoundingClientRect().width,
      }).map(([name, value]) => [name, Math.round(10 * value) / 10]));
      records.push({ n, cutoff, coarse, ...rounded });
      const counts = seen.shown <= TOO_LONG * data.asked, ahead = course()?.ahead;
      cutoff = counts && ahead ? ahead[coarse ? "coarse" : "fine"] : null;
      reply = null;
      sentAt = performance.now();
      view.send("trials", { game: data.game, records: [...records] });
      if (counts && ahead && cutoff === null) { // the game is over
        parts.game.dataset.state = "over";
        drawGrey(context, false);
        parts.count.textContent = data.words.over;
        return;
      }
    }
  }

  async function rest(isOld) {
    const own = answer;
    await new Promise((resolve) => { setTimeout(resolve, MASK); });
    if (answer === own && !isOld()) drawGrey(context, false);
  }

  async function drawExample(own) {
    drawGrey(context, false);
    const image = new Image();
    image.src = data.example;
    await image.decode();
    if (own === round) context.drawImage(image, 0, 0);
  }

  // -- What a person does -----------------------------------------------------------------------

  function offer(trial) {
    for (const [side, arrow] of [["left", "←"], ["right", "→"]]) {
      const button = parts[side];
      button.disabled = !trial;
      button.replaceChildren(trial ? trial[side] : "…", element("small", { text: arrow }));
    }
    parts.spoken.textContent = trial ? say("{left} or {right}?", trial) : "";
    if (!trial) answer = null;
  }

  function choose(side) {
    const resolve = answer;
    answer = null;
    resolve?.(side);
  }

  function onLeave(event) { // the browser asks first, for the answers would be lost
    if (records.length && parts.game.dataset.state !== "over") event.preventDefault();
  }

  function onKey(event) {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    const from = event.composedPath()[0];
    if (from.matches?.("input, textarea, select, [contenteditable]")) return;
    const side = { ArrowLeft: "left", ArrowRight: "right" }[event.key];
    if (side && parts.game.dataset.state === "answer") choose(side);
    else if (event.key === " " && !parts.start.hidden && !from.matches?.("button, [role]")) play();
    else return;
    event.preventDefault();
  }

  parts.start.onclick = () => play();
  parts.left.onclick = () => choose("left");
  parts.right.onclick = () => choose("right");
  return view;
}
