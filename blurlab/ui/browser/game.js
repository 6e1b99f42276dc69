// A game of trials. Cutoffs and pictures come through the slot on window; the cutoffs for either answer
// come ahead, so that the next trial need not wait for Python.

const PARTS = 4; // of the slot, among which pictures of trials alternate
const TOO_LONG = 2; // times the asked duration, from which a trial does not count
const KEPT = "blurlab-game"; // of the tab: the answers of its last game, which go on after a reload
const FIELDS = "input, textarea, select, [contenteditable]"; // they take arrows
const TYPED = "input:not([type=range], [type=checkbox], [type=radio]), textarea, select, [contenteditable]"; // and these Space
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
  let byKeys = false; // whether the keyboard has come to what has the focus, which takes Space then
  const view = { root: parts.game, show, close, send: () => {} };

  function show(next) {
    if (next.time < data?.time) return;
    const isNew = data?.game !== next.game, isOther = data?.language?.code !== next.language?.code;
    data = next;
    if (!slots.has(data.stage)) slots.set(data.stage, {});
    slot = slots.get(data.stage);
    slot.changed = receive;
    document.addEventListener("focusin", onFocus, true);
    document.addEventListener("keydown", onKey, true); // before what was clicked last keeps Space to itself
    parts.game.classList.toggle("presenter", data.presenter);
    if (isNew || (isOther && parts.game.dataset.state === "ready")) getReady();
  }

  function close() {
    round++;
    document.removeEventListener("focusin", onFocus, true);
    document.removeEventListener("keydown", onKey, true);
    if (slot?.changed === receive) slot.changed = null;
  }

  function receive() {
    const isNext = slot.course?.game === data.game && slot.course.n === records.length;
    if (isNext && records.length && reply === null) reply = performance.now() - sentAt;
    wake();
  }

  function getReady() {
    round++;
    const kept = JSON.parse(sessionStorage.getItem(KEPT));
    records = kept?.game === data.game ? kept.records : [];
    if (kept && kept.game !== data.game) {
      if (data.goesOn) view.send("trials", kept); // comes back as data.game where the server takes it up
      else sessionStorage.removeItem(KEPT);
    }
    parts.canvas.width = parts.canvas.height = data.size;
    context = parts.canvas.getContext("2d");
    drawExample(round);
    parts.start.hidden = false;
    parts.start.textContent = records.length ? data.words.goOn : data.words.start;
    parts.count.textContent = records.length ? say("{n} answered so far. Space or a tap goes on.", { n: records.length }) : data.words.keys;
    parts.game.dataset.state = "ready";
    offer(null);
  }

  // -- One trial after another --------------------------------------------------------------------

  async function play() {
    const own = ++round, isOld = () => own !== round || !parts.game.isConnected;
    parts.start.hidden = true;
    parts.game.focus({ preventScroll: true }); // else the arrows would move what was chosen last
    keepInSight();
    let cutoff = null; // of the next trial, where the answer before told it
    for (let n = records.length; ; n++) {
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
      const sent = { game: data.game, of: data.of, records: [...records] };
      sessionStorage.setItem(KEPT, JSON.stringify(sent));
      view.send("trials", sent);
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
    if (trial) keepInSight(); // its words may need more lines
    else answer = null;
  }

  function keepInSight() {
    const { top, bottom } = parts.game.getBoundingClientRect();
    if (top < 0 || bottom > innerHeight) parts.game.scrollIntoView({ block: "end" });
  }

  function choose(side) {
    const resolve = answer;
    answer = null;
    resolve?.(side);
  }

  function onFocus(event) { // once a key is down, what was clicked is :focus-visible too
    const [node] = event.composedPath();
    byKeys = node !== parts.game && node.matches(":focus-visible");
  }

  function onKey(event) {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    const from = event.composedPath()[0];
    if (from.matches?.(event.key === " " ? TYPED : FIELDS) || event.composedPath().some((node) => node.matches?.("dialog, [role=dialog]"))) return;
    const side = { ArrowLeft: "left", ArrowRight: "right" }[event.key];
    if (side && parts.game.dataset.state === "answer") choose(side);
    else if (event.key === " " && !parts.start.hidden && !byKeys) play();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  parts.start.onclick = () => play();
  parts.left.onclick = () => choose("left");
  parts.right.onclick = () => choose("right");
  return view;
}
