// A trial: fixation mark, hybrid, mask. Its answer is asked for by whoever shows it.

const FIXATION = 500, MASK = 300; // ms

const nextFrame = () => new Promise(requestAnimationFrame);
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

// Give the phases of every coefficient the same random turn in all channels, which keeps the power
// spectrum and the colours. The spectrum of real noise turns a pair of channels as one.
function scramble(plan, rgba) {
  const { size, order } = plan, count = size ** 2;
  const noise = Float64Array.from({ length: count }, () => Math.random() - 0.5);
  const turns = forward(plan, noise, new Float64Array(count));
  const { spectra } = analyse(plan, rgba), image = new ImageData(size, size);
  spectra.forEach((spectrum, n) => {
    const re = new Float64Array(count), im = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      const length = Math.hypot(turns.re[i], turns.im[i]) || 1;
      const [c, s] = i ? [turns.re[i] / length, turns.im[i] / length] : [1, 0];
      const to = order[Math.floor(i / size)] * size + (i % size);
      re[to] = spectrum.re[i] * c - spectrum.im[i] * s;
      im[to] = spectrum.re[i] * s + spectrum.im[i] * c;
    }
    inverse(plan, re, im, size / 2, (y, a, b) => {
      for (let x = 0, i = y * size; x < size; x++, i++) {
        image.data[4 * i + 2 * n] = (255 * a[x]) / count;
        if (n === 0) image.data[4 * i + 1] = (255 * b[x]) / count;
        image.data[4 * i + 3] = 255;
      }
    });
  });
  return image;
}

// Make a trial's pictures. low, high: addresses of pictures; the hybrid has the ideal filter.
async function prepareTrial(size, { low, high }, cutoff) {
  await nextFrame(); // the mark is seen while this computes
  const plan = makePlan(size);
  const [first, second] = await Promise.all([readPixels(low, size), readPixels(high, size)]);
  const image = new ImageData(size, size);
  hybridizer(plan, analyse(plan, first), analyse(plan, second))("ideal", cutoff, cutoff, image.data);
  const mask = scramble(plan, image.data);
  return Promise.all([createImageBitmap(image), createImageBitmap(mask)]);
}

// Show the hybrid for the asked time, in ms. What is drawn for a frame is seen from its time on, so the
// times of two frames tell how long the hybrid was there. tell: is handed what is seen. Returns null once
// isOld says that nobody waits for it.
async function presentTrial(context, [hybrid, mask], asked, isOld, tell) {
  const gaps = [];
  let time = await nextFrame();
  for (const begun = time; time - begun < FIXATION && !isOld(); ) {
    const next = await nextFrame();
    gaps.push(next - time);
    time = next;
  }
  if (isOld()) return null;
  const frame = median(gaps), on = time;
  context.drawImage(hybrid, 0, 0);
  tell("hybrid");
  let dropped = 0;
  do {
    const next = await nextFrame();
    dropped += Math.max(0, Math.round((next - time) / frame) - 1);
    time = next;
  } while (time - on < asked - frame / 2 && !isOld());
  if (isOld()) return null;
  context.drawImage(mask, 0, 0);
  tell("answer");
  return { shown: time - on, frame, dropped };
}

function drawGrey(context, withMark) {
  const { width } = context.canvas, middle = width / 2, arm = width / 24;
  context.fillStyle = "#808080";
  context.fillRect(0, 0, width, width);
  if (!withMark) return;
  context.fillStyle = "#000";
  context.fillRect(middle - arm, middle - 1.5, 2 * arm, 3);
  context.fillRect(middle - 1.5, middle - arm, 3, 2 * arm);
}
