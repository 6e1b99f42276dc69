// Buttons that save the Plotly figure above them as SVG or as PNG, at print size and on white
// whatever the page's theme, with what the figure says of itself inside the file.

const WIDTH = 180, INCH = 25.4; // millimetres
const DOTS = 300; // per inch, of a PNG
// Pixels that a figure is laid out in: type of 12 is 7 points in print, and names beside points have
// the room that they have on a page.
const ACROSS = 850;
const INK = "#222222";
const AXIS = {
  gridcolor: "#dddddd", linecolor: INK, tickcolor: INK, showline: true, zeroline: false, ticks: "outside",
  automargin: true, title: { standoff: 12 },
};
const PAPER = {
  layout: {
    font: { family: "Arial, Helvetica, sans-serif", size: 12, color: INK },
    paper_bgcolor: "#ffffff", plot_bgcolor: "#ffffff", xaxis: AXIS, yaxis: AXIS,
  },
};
const SECRETS = ["room_key"]; // of an address, that whoever has the file need not know

export default function saving({ data, parentElement }) {
  speak(parentElement, data.language);
  const said = parentElement.querySelector("[role=status]");
  for (const button of parentElement.querySelectorAll("button")) {
    const format = button.dataset.format;
    button.setAttribute("aria-label", say("Save as {format}: {title}", { format: format.toUpperCase(), title: data.told.Title }));
    button.onclick = async () => {
      said.textContent = say("Drawing …");
      try {
        download(await file(data, format), `${data.name}.${format}`);
        said.textContent = "";
      } catch (error) {
        said.textContent = say("The figure could not be saved: {error}", { error: error.message });
      }
    };
  }
}

async function file(data, format) {
  const plotly = await library(data.library);
  const shown = document.querySelector(`.st-key-${data.figure} .js-plotly-plot`);
  const layout = { ...structuredClone(shown.layout), template: PAPER, width: ACROSS, height: data.height };
  const told = { ...data.told, "Creation Time": new Date().toISOString(), Address: address() };
  const dots = Math.round((WIDTH / INCH) * DOTS);
  // A canvas has the whole pixels below what it is asked for.
  const drawn = await plotly.toImage({ data: structuredClone(shown.data), layout }, {
    format, width: ACROSS, height: data.height, scale: format === "png" ? (dots + 0.01) / ACROSS : 1, imageDataOnly: true,
  });
  if (format === "svg") return new Blob([titled(drawn, data.height, told)], { type: "image/svg+xml" });
  return new Blob([described(Uint8Array.from(atob(drawn), (each) => each.charCodeAt(0)), told)], { type: "image/png" });
}

// The library that draws comes once, when a figure is first saved.
function library(path) {
  window.blurlabPlotly ??= new Promise((found, failed) => {
    const script = document.createElement("script");
    script.src = new URL(path.replace(/^\//, ""), new URL(".", location.href));
    script.onload = () => found(window.Plotly);
    script.onerror = () => {
      window.blurlabPlotly = undefined;
      failed(new Error("the server did not answer."));
    };
    document.head.append(script);
  });
  return window.blurlabPlotly;
}

function address() {
  const found = new URL(location.href);
  for (const name of SECRETS) found.searchParams.delete(name);
  return found.href;
}

function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

// ---- SVG --------------------------------------------------------------------------------------

function titled(text, height, told) {
  const drawing = new DOMParser().parseFromString(text, "image/svg+xml"), svg = drawing.documentElement;
  svg.setAttribute("width", `${WIDTH}mm`);
  svg.setAttribute("height", `${((WIDTH * height) / ACROSS).toFixed(2)}mm`);
  svg.setAttribute("viewBox", `0 0 ${ACROSS} ${height}`);
  const parts = [
    ["title", told.Title],
    ["desc", Object.entries(told).map(([what, words]) => `${what}: ${words}`).join("\n")],
    ["metadata", JSON.stringify(told, null, 1)],
  ].map(([name, words]) => {
    const part = drawing.createElementNS("http://www.w3.org/2000/svg", name);
    part.textContent = words;
    return part;
  });
  svg.prepend(...parts);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(svg)}`;
}

// ---- PNG --------------------------------------------------------------------------------------

const HEADER = 8 + 25; // bytes of the signature and of IHDR, which comes first

function described(png, told) {
  const metre = Math.round((DOTS / INCH) * 1000), size = new DataView(new ArrayBuffer(9));
  size.setUint32(0, metre);
  size.setUint32(4, metre);
  size.setUint8(8, 1); // the unit is the metre
  const text = new TextEncoder();
  const notes = Object.entries(told).map(([what, words]) => chunk("iTXt", text.encode(`${what}\0\0\0\0\0${words}`)));
  return new Blob([png.subarray(0, HEADER), chunk("pHYs", new Uint8Array(size.buffer)), ...notes, png.subarray(HEADER)]);
}

function chunk(kind, content) {
  const whole = new Uint8Array(12 + content.length), view = new DataView(whole.buffer);
  view.setUint32(0, content.length);
  whole.set(new TextEncoder().encode(kind), 4);
  whole.set(content, 8);
  view.setUint32(8 + content.length, checksum(whole.subarray(4, 8 + content.length)));
  return whole;
}

// CRC-32, as PNG has it.
function checksum(bytes) {
  let found = ~0;
  for (const byte of bytes) {
    found ^= byte;
    for (let bit = 0; bit < 8; bit++) found = (found >>> 1) ^ (found & 1 ? 0xedb88320 : 0);
  }
  return ~found >>> 0;
}
