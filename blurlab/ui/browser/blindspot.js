// A red dot that moves away from a square until it vanishes in the blind spot. It has to move for those
// too who asked their system for less motion, and the page says so; nothing else does.

const SPEED = 1.5; // cm/s; who answers half a second late adds 3 cm to the distance
const START = [2, 4]; // cm from the square, at random, so that one cannot count along
const SIDE = 0.6, MARGIN = 1.2; // cm: of square and dot, and of the square from the window's edge
const views = new WeakMap();

export default function blindspot({ data, parentElement, setStateValue }) {
  let view = views.get(parentElement);
  if (!view?.parts.dialog.isConnected) views.set(parentElement, (view = makeBlindspot(parentElement)));
  view.send = setStateValue;
  speak(parentElement, data.language);
  view.show(data);
}

function makeBlindspot(parent) {
  const parts = {};
  for (const node of parent.querySelectorAll("[data-part]")) parts[node.dataset.part] = node;
  const { dialog, square, dot } = parts, view = { parts, show, send: () => {} };
  const nextFrame = () => new Promise(requestAnimationFrame);
  let data = {}, gaps = [], gap = null, round = 0; // gap: cm from the square, where the dot is seen

  function show(next) {
    if (next.time < data.time) return;
    data = next;
    parts.measure.disabled = !data.pixels;
    dialog.style.setProperty("--side", `${SIDE * data.pixels}px`);
    dialog.style.setProperty("--margin", `${MARGIN * data.pixels}px`);
  }

  const tell = (words) => {
    const counted = say("{n} of {all}.", { n: gaps.length + 1, all: data.sweeps });
    parts.count.textContent = `${counted} ${words}`;
  };

  function rest(words) {
    round++;
    gap = null;
    dot.hidden = true;
    tell(words);
  }

  async function sweep() {
    const own = ++round, start = START[0] + Math.random() * (START[1] - START[0]);
    tell(say("Look at the square alone."));
    const begun = await nextFrame();
    for (let time = begun; own === round && dialog.isConnected; time = await nextFrame()) {
      const moved = start + (SPEED * (time - begun)) / 1000, middle = square.getBoundingClientRect();
      if ((moved + SIDE) * data.pixels > middle.x + middle.width / 2) return rest(say("The dot came to the edge. If you always saw it, come nearer, make the window wider, or turn your phone."));
      gap = moved;
      dot.style.transform = `translateX(${-gap * data.pixels}px)`;
      dot.hidden = false;
    }
  }

  function press() {
    if (gap === null) return sweep();
    gaps.push(Math.round(1000 * gap) / 1000);
    if (gaps.length < data.sweeps) return rest(say("Again: space or a tap starts the dot."));
    dialog.close();
    parts.measure.blur(); // one more space would open it again
    view.send("gaps", gaps);
  }

  parts.measure.onclick = () => {
    gaps = [];
    rest(say("Space or a tap starts the dot."));
    dialog.showModal();
    dialog.focus();
  };
  parts.cancel.onclick = () => dialog.close();
  dialog.onclose = () => rest("");
  dialog.onpointerdown = (event) => { if (!event.target.closest("button")) press(); };
  dialog.onkeydown = (event) => {
    event.stopPropagation(); // the game starts with space too
    if (event.key !== " " || event.target.closest("button")) return;
    event.preventDefault();
    if (!event.repeat) press();
  };
  return view;
}
