// A bank card that a person makes as large as a real one, which tells how large a pixel is.

const REST = 300; // ms after the last change until it is sent
const KEPT = "blurlab-screen"; // of the browser: how wide the card was, pixels, and the distance, cm
const told = new WeakSet(); // places whose view has said what is kept

export default function ruler({ data, parentElement, setStateValue }) {
  speak(parentElement, data.language);
  const input = parentElement.querySelector("input"), card = parentElement.querySelector(".card");
  const draw = () => { card.style.width = `${input.value}px`; };
  if (document.activeElement !== input) input.value = data.pixels;
  draw();
  input.oninput = () => {
    draw();
    clearTimeout(input.resting);
    input.resting = setTimeout(() => setStateValue("pixels", Number(input.value)), REST);
  };
  if (data.own) localStorage.setItem(KEPT, JSON.stringify(data.own));
  else if (!told.has(parentElement) && localStorage.getItem(KEPT)) {
    told.add(parentElement);
    setStateValue("kept", JSON.parse(localStorage.getItem(KEPT)));
  }
}
