// Texts in the visitor's language, as languages.py hands them over; what it lacks is in English.

let texts = {}; // English -> the visitor's language
let decimal = "."; // what stands before the decimals of a number there
const spokenIn = new WeakMap(); // a view's place -> the language that its HTML is in

// A text with its {names} filled in.
const say = (text, filled = {}) => (texts[text] ?? text).replace(/\{(\w+)\}/g, (whole, name) => filled[name] ?? whole);

// Numbers written in English, as the visitor's language writes them.
const numeral = (written) =>
  decimal === "." ? written : written.replace(/\d[.,](?=\d)/g, (pair) => pair[0] + (pair[1] === "." ? decimal : "."));

// Speak a language from now on, also where the view's HTML has data-say.
// language: { code, texts, decimal }, or undefined for English.
function speak(place, language = { code: "en", texts: {}, decimal: "." }) {
  ({ texts, decimal } = language);
  if ((spokenIn.get(place) ?? "en") === language.code) return;
  spokenIn.set(place, language.code);
  for (const node of place.querySelectorAll("[data-say]")) {
    const text = node.childElementCount ? "" : node.textContent.trim().replace(/\s+/g, " ");
    node.english ??= { text, label: node.getAttribute("aria-label") };
    if (node.english.text) node.textContent = say(node.english.text);
    if (node.english.label) node.setAttribute("aria-label", say(node.english.label));
  }
}
