// A phone in the audience: it asks the room what to do, shows trials, and sends the answers.

const WAIT = 2000; // ms between two questions while there is nothing to do
const TOO_SOON = 429, FULL = 503; // of HTTP's, as in room.py
const words = () => ({
  waiting: say("You are in. The game begins when the presenter starts it."),
  paused: say("A pause. The game goes on in a moment."),
  done: say("Thank you! Look at the screen."),
  full: say("The room is full. Trying again …"),
  lost: say("The server does not answer. Trying again …"),
  ready: say("Two pictures in one, for a moment. Which did you see? Tap to begin."),
});

function join({ data, parentElement }) {
  speak(parentElement, data.language);
  const parts = {};
  for (const node of parentElement.querySelectorAll("[data-part]")) parts[node.dataset.part] = node;
  parts.canvas.width = parts.canvas.height = data.size;
  const context = parts.canvas.getContext("2d");
  let phone = sessionStorage.getItem("blurlab-phone") ?? "", answer = null;
  const never = () => false, pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

  const state = (name) => { parts.game.dataset.state = name; };
  const tell = (told) => { parts.count.textContent = told; };

  async function ask(answered) {
    const reply = await fetch(data.room, {
      method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ phone, answer: answered }),
    });
    const told = await reply.json();
    if (!reply.ok) { // what came too soon is sent again; all else that was refused is forgotten
      if (reply.status === FULL) tell(words().full);
      await pause(WAIT / 4);
      return ask(reply.status === TOO_SOON ? answered : null);
    }
    phone = told.phone;
    sessionStorage.setItem("blurlab-phone", phone);
    return told;
  }

  async function play() {
    let answered = null;
    for (;;) {
      let told;
      try {
        told = await ask(answered);
      } catch {
        tell(words().lost);
        await pause(WAIT);
        continue; // with the same answer
      }
      answered = null;
      if (!told.trial) {
        state(told.state);
        tell(words()[told.state] ?? "");
        drawGrey(context, false);
        await pause(WAIT);
        continue;
      }
      if (parts.game.dataset.begun !== "true") await tapped();
      tell(`${told.answered + 1} / ${told.each}`);
      try {
        answered = await trial(told.trial);
      } catch {
        tell(words().lost); // a picture did not come
        await pause(WAIT);
      }
    }
  }

  function tapped() {
    state("ready");
    tell(words().ready);
    drawGrey(context, false);
    parts.start.hidden = false;
    return new Promise((resolve) => {
      parts.start.onclick = () => {
        parts.start.hidden = true;
        parts.game.dataset.begun = "true";
        resolve();
      };
    });
  }

  async function trial(asked) {
    state("fixation");
    drawGrey(context, true);
    const pictures = await prepareTrial(data.size, asked, asked.cutoff);
    const seen = await presentTrial(context, pictures, data.asked, never, state);
    offer(asked);
    setTimeout(() => { if (answer) drawGrey(context, false); }, MASK);
    const side = await new Promise((resolve) => { answer = resolve; });
    offer(null);
    const coarse = (side === "right") === asked.coarseRight;
    return { number: asked.number, coarse, shown: Math.round(10 * seen.shown) / 10 };
  }

  function offer(asked) {
    for (const side of ["left", "right"]) {
      parts[side].disabled = !asked;
      parts[side].textContent = asked ? say(asked[side]) : "…";
    }
    parts.spoken.textContent = asked ? say("{left} or {right}?", { left: say(asked.left), right: say(asked.right) }) : "";
    if (!asked) answer = null;
  }

  parts.start.textContent = say("Begin");
  parts.start.hidden = true;
  parts.left.onclick = () => answer?.("left");
  parts.right.onclick = () => answer?.("right");
  document.addEventListener("keydown", ({ key }) => {
    if (key === "ArrowLeft") answer?.("left");
    if (key === "ArrowRight") answer?.("right");
  });
  offer(null);
  play();
}
