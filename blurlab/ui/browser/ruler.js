// A bank card that a person makes as large as a real one, which tells how large a pixel is.

const REST = 300; // ms after the last change until it is sent

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
}
