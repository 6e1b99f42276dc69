// A gallery: a click on a thumbnail sends its option to Python.

const make = (tag, properties, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
};

export default function gallery({ data, parentElement, setTriggerValue }) {
  const card = ({ option, title, url }) => {
    const name = make("span", { textContent: title.replace(/^[^:]*: /, "") });
    name.setAttribute("aria-hidden", "true"); // the picture says the same
    const button = make("button", { type: "button" }, make("img", { src: url, alt: title }), name);
    button.setAttribute("aria-pressed", option === data.chosen);
    button.onclick = () => setTriggerValue("chosen", option);
    return button;
  };
  parentElement.querySelector(".gallery").replaceChildren(...data.groups.flatMap(({ title, pictures }) => [
    make("h3", { textContent: title }),
    make("div", { className: "shelf" }, ...pictures.map(card)),
  ]));
}
