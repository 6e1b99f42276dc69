// Hybrid pictures in the browser: the arithmetic of blurlab/hybrid.py on a side that is a power of two.
// A complex picture red + i green is filtered in one transform, since every filter here is real and
// symmetric; blue takes a second one. Nothing in this file touches the page.

// Each gives, for one cutoff, the gain of a coefficient from the square of its radius.
const FILTERS = {
  // Radii and cutoff meet as float32, so that both programs agree about coefficients on the circle.
  ideal: (cutoff) => (square) => (Math.fround(Math.sqrt(square)) <= Math.fround(cutoff) ? 1 : 0),
  gaussian: (cutoff) => {
    const rate = Math.LN2 / Math.max(cutoff, 1e-30) ** 2;
    return (square) => Math.exp(-square * rate);
  },
  butterworth: (cutoff) => {
    const unit = Math.max(cutoff, 1e-30) ** 2;
    return (square) => {
      const fourth = (square / unit) ** 2;
      return 1 / (1 + fourth * fourth); // order 4, as in blurlab/spectrum.py; a general power is slow
    };
  },
};

// ---- Inverse FFT ------------------------------------------------------------------------------

function makePlan(size) {
  const bits = Math.log2(size);
  const order = Uint16Array.from({ length: size }, (_, i) => {
    let reversed = 0;
    for (let bit = 0; bit < bits; bit++) reversed |= ((i >> bit) & 1) << (bits - 1 - bit);
    return reversed;
  });
  const angle = (i) => (2 * Math.PI * i) / size;
  const cos = Float64Array.from({ length: size / 2 }, (_, i) => Math.cos(angle(i)));
  const sin = Float64Array.from({ length: size / 2 }, (_, i) => Math.sin(angle(i)));
  return { size, order, cos, sin };
}

// Transform every column of the rows, which lie in bit-reversed order; each butterfly joins two rows,
// and only the columns 0..reach and their mirror images are touched, since the others are zero.
function inverseColumns({ size, cos, sin }, re, im, reach) {
  const parts = 2 * reach + 1 >= size ? [[0, size]] : [[0, reach + 1], [size - reach, size]];
  for (let half = 1; half < size; half *= 2) {
    for (let k = 0, turn = 0; k < half; k++, turn += size / 2 / half) {
      const c = cos[turn], s = sin[turn];
      for (let row = k; row < size; row += 2 * half) {
        for (const [first, end] of parts) {
          const last = row * size + end, offset = half * size;
          for (let a = row * size + first; a < last; a++) {
            const b = a + offset;
            const x = re[b] * c - im[b] * s, y = re[b] * s + im[b] * c;
            re[b] = re[a] - x; im[b] = im[a] - y;
            re[a] += x; im[a] += y;
          }
        }
      }
    }
  }
}

// Transform one row, which lies in bit-reversed order, in place.
function inverseRow({ size, cos, sin }, re, im) {
  for (let a = 0; a < size; a += 2) {
    const x = re[a + 1], y = im[a + 1];
    re[a + 1] = re[a] - x; im[a + 1] = im[a] - y;
    re[a] += x; im[a] += y;
  }
  for (let half = 2; half < size; half *= 2) {
    const step = size / 2 / half;
    for (let start = 0; start < size; start += 2 * half) {
      for (let a = start, turn = 0; a < start + half; a++, turn += step) {
        const b = a + half, c = cos[turn], s = sin[turn];
        const x = re[b] * c - im[b] * s, y = re[b] * s + im[b] * c;
        re[b] = re[a] - x; im[b] = im[a] - y;
        re[a] += x; im[a] += y;
      }
    }
  }
}

// Run the inverse transform without its 1 / size^2; rows of re and im come in bit-reversed order.
// receive(y, re, im) gets each row of the result.
function inverse(plan, re, im, reach, receive) {
  const { size, order } = plan;
  const rowRe = new Float64Array(size), rowIm = new Float64Array(size);
  inverseColumns(plan, re, im, reach);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      rowRe[order[x]] = re[y * size + x];
      rowIm[order[x]] = im[y * size + x];
    }
    inverseRow(plan, rowRe, rowIm);
    receive(y, rowRe, rowIm);
  }
}

// The forward transform of re + i im is the inverse transform with the two parts exchanged.
function forward(plan, re, im) {
  const { size, order } = plan;
  const turned = { re: new Float64Array(size ** 2), im: new Float64Array(size ** 2) };
  const out = { re: new Float64Array(size ** 2), im: new Float64Array(size ** 2) };
  for (let y = 0; y < size; y++) {
    turned.re.set(im.subarray(y * size, (y + 1) * size), order[y] * size);
    turned.im.set(re.subarray(y * size, (y + 1) * size), order[y] * size);
  }
  inverse(plan, turned.re, turned.im, size, (y, a, b) => {
    out.im.set(a, y * size);
    out.re.set(b, y * size);
  });
  return out;
}

// ---- Pictures ---------------------------------------------------------------------------------

// Take RGBA bytes apart into values in [0, 1] and the two packed spectra.
function analyse(plan, rgba) {
  const channels = [0, 1, 2].map((k) => {
    const values = new Float64Array(plan.size ** 2);
    for (let i = 0; i < values.length; i++) values[i] = rgba[4 * i + k] / 255;
    return values;
  });
  const [red, green, blue] = channels, zero = new Float64Array(plan.size ** 2);
  return { channels, spectra: [forward(plan, red, green), forward(plan, blue, zero)] };
}

// Average the power over rings one cycle/image wide, orthonormal, and over the three channels.
// Summed over a ring, |red + i green|^2 is the power of red plus that of green.
function radialPower({ size }, { spectra }) {
  const total = new Float64Array(size / 2 + 1), count = new Float64Array(size / 2 + 1);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const ring = Math.round(Math.sqrt(Math.min(x, size - x) ** 2 + Math.min(y, size - y) ** 2));
      if (ring > size / 2) continue;
      count[ring]++;
      for (const { re, im } of spectra) total[ring] += re[y * size + x] ** 2 + im[y * size + x] ** 2;
    }
  }
  return total.map((power, ring) => power / count[ring] / 3 / size ** 2);
}

// Filter the picture in RGBA bytes in place.
function lowPass(plan, filter, cutoff, rgba) {
  const nothing = () => new Float64Array(plan.size ** 2), none = { re: nothing(), im: nothing() };
  const blank = { channels: [nothing(), nothing(), nothing()], spectra: [none, none] };
  hybridizer(plan, analyse(plan, rgba), blank)(filter, cutoff, cutoff, rgba);
}

// Give a function that writes hybrids of two analysed pictures into RGBA bytes:
// high + low G(cutoff) - high G(highCutoff), clipped to [0, 1].
function hybridizer(plan, low, high) {
  const { size, order } = plan;
  const re = new Float64Array(size ** 2), im = new Float64Array(size ** 2);
  const negligible = 1e-7; // at most 65,536 such coefficients, of at most size^2 before the division

  // The gains by squared radius, up to the last one that matters.
  function table(filter, cutoff) {
    const gain = FILTERS[filter](cutoff), gains = new Float32Array(size ** 2 / 2 + 1);
    for (let square = 0; square < gains.length; square++) {
      gains[square] = gain(square);
      if (gains[square] < negligible) break; // every filter falls with the radius
    }
    return gains;
  }

  function combine(a, b, gains, reach) {
    re.fill(0); im.fill(0);
    for (let y = 0; y < size; y++) {
      const fy = Math.min(y, size - y);
      if (fy > reach) continue;
      for (let x = 0; x < size; x++) {
        const fx = Math.min(x, size - x);
        if (fx > reach) continue;
        const from = y * size + x, to = order[y] * size + x, square = fx * fx + fy * fy;
        const keep = gains[0][square], drop = gains[1][square];
        re[to] = a.re[from] * keep - b.re[from] * drop;
        im[to] = a.im[from] * keep - b.im[from] * drop;
      }
    }
  }

  return function hybrid(filter, cutoff, highCutoff, rgba) {
    const first = table(filter, cutoff);
    const gains = [first, highCutoff === cutoff ? first : table(filter, highCutoff)];
    let reach = size / 2;
    while (reach > 0 && Math.max(gains[0][reach ** 2], gains[1][reach ** 2]) < negligible) reach--;
    const scale = 1 / size ** 2;
    const [red, green, blue] = high.channels;
    const write = (y, k, base, row) => {
      for (let x = 0, i = y * size; x < size; x++, i++) rgba[4 * i + k] = 255 * (base[i] + row[x] * scale);
    };
    combine(low.spectra[0], high.spectra[0], gains, reach);
    inverse(plan, re, im, reach, (y, a, b) => { write(y, 0, red, a); write(y, 1, green, b); });
    combine(low.spectra[1], high.spectra[1], gains, reach);
    inverse(plan, re, im, reach, (y, a) => write(y, 2, blue, a));
    for (let i = 3; i < rgba.length; i += 4) rgba[i] = 255;
  };
}
