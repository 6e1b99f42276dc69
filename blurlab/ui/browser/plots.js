// The two plots of the stage, which share one logarithmic frequency axis. Each draw function fills an
// SVG and returns move(), which puts everything that follows the cutoff in its place.
// scene: { models, labels, size, unit, series, em, room, height, axis }; em is the stage's type size in pixels, and
// every distance is a multiple of it, so that large type needs no other layout.

// ---- Numbers ----------------------------------------------------------------------------------

const inUnit = (value, unit) => digits(value / unit.scale);
const withUnit = (value, unit) => `${inUnit(value, unit)} ${unit.suffix}`;

// Where a frequency lies between 1 cycle/image and Nyquist on the logarithmic axis, and back.
const toShare = (frequency, size) => Math.log(clamp(frequency, 1, size / 2)) / Math.log(size / 2);
const fromShare = (share, size) => (size / 2) ** clamp(share, 0, 1);

// Round numbers for an axis: powers of 2 in cycles/image, else 1, 2 and 5 of each decade.
function roundValues(low, high, powersOfTwo) {
  const values = [];
  for (let n = -5; n < 8; n++) {
    values.push(...(powersOfTwo ? [2 ** (n + 5)] : [1, 2, 5].map((first) => Number(`${first}e${n}`))));
  }
  return values.filter((value) => value >= low * 0.999 && value <= high * 1.001);
}

// ---- The shared axis --------------------------------------------------------------------------

function makeAxis(scene, width) {
  const { size, unit, em } = scene, left = 3.6 * em, right = plotRight(width, scene);
  let values = roundValues(1 / unit.scale, size / 2 / unit.scale, unit.scale === 1);
  while (values.length > 1 && (right - left) / values.length < 2.8 * em) values = values.filter((_, i) => i % 2 === 0);
  return {
    width, left, right,
    x: (frequency) => left + (right - left) * toShare(frequency, size),
    frequency: (x) => fromShare((x - left) / (right - left), size),
    title: say("cutoff, {unit}", { unit: unit.label }),
    ticks: values.map((value) => ({ at: value * unit.scale, label: numeral(String(value)) })),
  };
}

// ---- The curves of p_low - p_high -------------------------------------------------------------

function drawCurves(scene, svg, namesBox) {
  const { models, series, labels, axis, em } = scene, { width, left, right } = axis;
  const shown = models.filter((model) => series[model.key].hasPair);
  const names = nameCurves(scene, shown, namesBox);
  const top = 1.8 * em, bottom = top + curveHeight(scene, names, 6 * em);
  const y = (value) => top + ((bottom - top) * (1 - value)) / 2;
  svg.setAttribute("height", bottom + 3 * em);
  const marker = shape("line", { class: "marker", y1: top, y2: bottom });
  const dots = shown.map((model) => sign(model, { class: "shape", "data-dot": model.key }));
  const below = shape("text", { class: "strong", x: left, y: bottom + 2.6 * em, text: say("↓ names {label}", { label: labels.high }) });
  svg.replaceChildren(
    ...grid(scene, top, bottom),
    ...[1, 0, -1].map((value) =>
      shape("line", { class: value ? "grid" : "zero", x1: left, x2: right, y1: y(value), y2: y(value) })),
    ...yLabels(scene, y, [[1, "+1"], [0, "0"], [-1, "−1"]]),
    yTitle(scene, top, bottom, say("p low − p high")),
    shape("text", { class: "strong", x: left, y: top - 0.6 * em, text: say("↑ names {label}", { label: labels.low }) }),
    below,
    ...pixelLimits(scene, top, bottom),
    ...shown.flatMap((model) => curveLines(scene, model, y)),
    marker, ...reversalTicks(scene, shown, y(0)), ...dots,
  );
  const taken = below.getComputedTextLength() + svg.querySelector(".title").getComputedTextLength();
  if (taken > right - left - em) { // a long name takes a line of its own
    below.setAttribute("y", bottom + 3.9 * em);
    svg.setAttribute("height", bottom + 4.3 * em);
  }
  names.place(y, bottom + 2.5 * em);
  return function move(cutoff) {
    moveMarker(marker, axis.x(cutoff));
    shown.forEach(({ key }, n) => {
      const value = between(series[key].difference, bracket(series[key], cutoff));
      dots[n].setAttribute("transform", `translate(${axis.x(cutoff)} ${y(value)})`);
    });
  };
}

// A full line where neighbouring cutoffs are computed, a dotted guess elsewhere.
function curveLines({ series, axis }, model, y) {
  const answers = series[model.key], paths = { true: "", false: "" };
  let previous = null;
  for (let x = axis.left; x <= axis.right; x += 2) {
    const place = bracket(answers, axis.frequency(x)), { sure } = place;
    const point = `${x.toFixed(1)} ${y(between(answers.difference, place)).toFixed(1)}`;
    if (!previous) paths[sure] += `M${point}`;
    else paths[sure] += previous.sure === sure ? `L${point}` : `M${previous.point}L${point}`;
    previous = { point, sure };
  }
  const { color, dash } = look(model);
  return [
    shape("path", { class: "line guess", d: paths.false, stroke: color }),
    shape("path", { class: "line", d: paths.true, stroke: color, "stroke-dasharray": dash }),
  ];
}

// Frequencies beyond a model's own pixels cannot reach it; models with equal limits share one line.
function pixelLimits({ models, size, axis, em }, top, bottom) {
  const limits = new Map();
  for (const model of models) {
    if (model.nyquist < size / 2) limits.set(model.nyquist, [...(limits.get(model.nyquist) ?? []), model]);
  }
  return [...limits].flatMap(([nyquist, owners]) => {
    const x = axis.x(nyquist), named = owners.length === models.length ? [] : owners;
    const fits = bottom - top > (6.8 + named.length) * em; // a low plot has its line alone
    const place = (n) => `translate(${(0.4 + n) * em} ${-0.3 * em}) rotate(90) scale(${em / 21})`;
    return [
      shape("line", { class: "limit", x1: x, x2: x, y1: top, y2: bottom }),
      shape("g", { transform: `translate(${x + 1.1 * em} ${bottom - 0.5 * em}) rotate(-90)` },
        ...named.map((model, n) => sign(model, { transform: place(n) })),
        shape("text", { class: "halo", x: named.length * em, text: fits ? say("pixels end here") : "" })),
    ];
  });
}

// Mark each reversal on the zero line; numbers that would touch take another row.
function reversalTicks({ series, axis, unit, em }, models, zero) {
  const rows = [-0.9, 1.6, -2, 2.7].map((offset) => ({ offset, end: -Infinity }));
  const found = models.map((model) => ({ model, crossing: reversal(series[model.key]) }))
    .filter(({ crossing }) => crossing).sort((a, b) => a.crossing.at - b.crossing.at);
  return found.flatMap(({ model, crossing }) => {
    const x = axis.x(crossing.at), text = inUnit(crossing.at, unit), half = 0.3 * em * text.length;
    const row = rows.find(({ end }) => end < x - half) ?? rows[0];
    row.end = x + half;
    return [
      shape("line", { class: "reversal", x1: x, x2: x, y1: zero - 0.7 * em, y2: zero + 0.7 * em, stroke: look(model).color }),
      shape("text", { class: "strong halo", x, y: zero + row.offset * em, "text-anchor": "middle", text }),
    ];
  });
}

// Name each curve beside its right end, with its reversal.
function nameCurves({ series, axis, unit, em }, models, box) {
  const names = models.map((model) => {
    const crossing = reversal(series[model.key]), small = element("small");
    if (crossing) {
      const value = `${crossing.sure ? "" : "≈ "}${withUnit(crossing.at, unit)}`;
      small.append(element("i", { text: "f" }), element("sub", { text: "rev" }), ` ${value}`);
    } else small.textContent = say("does not reverse here");
    return { model, node: nameTag(model, axis, em, small) };
  });
  box.replaceChildren(...names.map(({ node }) => node));
  return spreadNames(names, em, ({ key }) => series[key].difference[series[key].known.at(-1)]);
}

// ---- Power spectra and filter -----------------------------------------------------------------

function drawSpectra(scene, svg, power) {
  const { axis, em } = scene, { width, right } = axis;
  const top = 0.5 * em, bottom = top + clamp(width * 0.2, 9 * em, 12 * em);
  const logs = [...power.low.slice(1), ...power.high.slice(1)].filter((value) => value > 0).map(Math.log10);
  const ceiling = Math.ceil(Math.max(-1, ...logs)), floor = Math.max(Math.floor(Math.min(...logs, ceiling - 2)), ceiling - 8);
  const y = (value) => top + (bottom - top) * clamp((ceiling - Math.log10(Math.max(value, 1e-30))) / (ceiling - floor), 0, 1);
  const line = (values) => values.reduce((path, value, ring) => {
    const at = y(value);
    return ring === 0 || at >= bottom ? path : `${path}${path ? "L" : "M"}${axis.x(ring).toFixed(1)} ${at.toFixed(1)}`;
  }, "");
  const decades = [];
  for (let decade = floor; decade <= ceiling; decade += 2) decades.push([10 ** decade, `10${superscript(decade)}`]);
  const hatching = shape("pattern", { id: "hatching", width: 8, height: 8, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    shape("line", { class: "hatching", x1: 0, x2: 0, y1: 0, y2: 8 }));
  const areas = { low: shape("path", { class: "gain-low" }), high: shape("path", { fill: "url(#hatching)" }) };
  const kept = { low: shape("path", { class: "spectrum kept low" }), high: shape("path", { class: "spectrum kept high" }) };
  const marker = shape("line", { class: "marker", y1: top, y2: bottom });
  svg.setAttribute("height", bottom + 3 * em);
  svg.replaceChildren(
    shape("defs", {}, hatching),
    ...grid({ em, axis: { ...axis, title: say("spatial frequency, {unit}", { unit: scene.unit.label }) } }, top, bottom),
    ...yLabels(scene, y, decades),
    yTitle(scene, top, bottom, say("power")),
    ...[[1, say("gain 1")], [0.5, "½"], [0, "0"]].map(([gain, text]) =>
      shape("text", { x: right + 0.5 * em, y: bottom - gain * (bottom - top) + 0.33 * em, text })),
    areas.low, areas.high,
    ...["low", "high"].map((name) => shape("path", { class: `spectrum whole ${name}`, d: line([...power[name]]) })),
    kept.low, kept.high, marker,
  );
  return function move(cutoff, lowGain, highGain) {
    moveMarker(marker, axis.x(cutoff));
    for (const [name, gain] of [["low", lowGain], ["high", highGain]]) {
      areas[name].setAttribute("d", gainArea(axis, gain, top, bottom));
      kept[name].setAttribute("d", line([...power[name]].map((value, ring) => value * gain(ring ** 2) ** 2)));
    }
  };
}

function gainArea({ left, right, frequency }, gain, top, bottom) {
  let path = `M${left} ${bottom}`;
  for (let x = left; x <= right; x += 2) path += `L${x} ${(bottom - gain(frequency(x) ** 2) * (bottom - top)).toFixed(1)}`;
  return `${path}L${right} ${bottom}Z`;
}
