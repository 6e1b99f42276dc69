// The keys that lead through a story, also those of a remote clicker; B blacks the screen, and N opens
// the notes in a window of their own, which follow the steps.

const NEXT = [" ", "ArrowRight", "PageDown"], BACK = ["ArrowLeft", "PageUp"];
const TYPED = 'input:not([type="range"], [type="checkbox"], [type="radio"]), textarea, select, [contenteditable="true"]';
// What a space bar presses, and what arrows move: these keep those keys.
const PRESSED = 'button, summary, a, [role="button"], [role="radio"], [role="checkbox"], [role="switch"], [role="tab"], input[type="checkbox"], input[type="radio"]';
const MOVED = 'input[type="range"], [role="slider"], [role="radio"], [role="tab"], [role="spinbutton"]';

export default function story({ data, parentElement }) {
  if (!parentElement.isConnected) return;
  const told = (window.blurlabStory ??= begin());
  told.note = data;
  fill(told);
  return () => {};
}

function begin() {
  const told = { note: null, notes: null, black: null };
  // On window, so that what lies on the page has had the key before.
  window.addEventListener("keydown", (event) => onKey(event, told));
  release(told);
  return told;
}

// Does what the keys ask for that were pressed before there was a button to go on by.
function release(told) {
  if (!button("story_next")) {
    requestAnimationFrame(() => release(told));
    return;
  }
  for (const key of window.blurlabHeld?.splice(0) ?? []) onKey(new KeyboardEvent("keydown", { key }), told);
}

const button = (name) => document.querySelector(`.st-key-${name} button`);

function onKey(event, told) {
  if (told.black) {
    told.black.remove();
    told.black = null;
    event.preventDefault();
    return;
  }
  if (!button("story_next") || event.defaultPrevented || event.repeat) return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const from = event.composedPath()[0], { key } = event, on = (what) => from?.matches?.(what);
  if (on(TYPED) || (key === " " && on(PRESSED)) || (key.startsWith("Arrow") && on(MOVED))) return;
  if (NEXT.includes(key)) button("story_next").click();
  else if (BACK.includes(key)) button("story_back").click();
  else if (key === "b" || key === "B") told.black = blacken(told);
  else if (key === "n" || key === "N") open(told);
  else return;
  event.preventDefault();
}

function blacken() {
  const black = document.createElement("div");
  black.id = "blurlab-black";
  black.style.cssText = "position: fixed; inset: 0; z-index: 2000000; background: #000";
  document.body.append(black);
  return black;
}

function open(told) {
  told.notes = window.open("", "blurlab-notes", "width=640,height=480");
  fill(told);
}

function fill({ note, notes }) {
  if (!notes || notes.closed) return;
  const { document: page } = notes;
  page.title = note.title;
  page.body.style.cssText = "font: 20px/1.4 system-ui, sans-serif; margin: 1.5rem";
  page.body.replaceChildren(...[
    ["h2", note.title], ["p", note.say], ["p", note.expect], ["p", note.look],
  ].map(([kind, words]) => {
    const made = page.createElement(kind);
    made.textContent = words;
    return made;
  }));
}
