// The models' answers along a sweep of cutoffs, some of which may not have been computed yet.

// Take one model's answers as Python sends them. known: indices of the computed cutoffs; difference:
// p_low - p_high; hasPair is false for a model that has no class for one of the two pictures.
function makeSeries(answers, sweepCutoffs) {
  const { cutoffs = sweepCutoffs, p_low: low = [], p_high: high = [], classes = [] } = answers ?? {};
  const pair = cutoffs.map((_, i) => low[i] != null && high[i] != null);
  const known = [...cutoffs.keys()].filter((i) => pair[i] || classes[i] != null);
  const difference = cutoffs.map((_, i) => (pair[i] ? low[i] - high[i] : null));
  const hasPair = known.length > 0 && known.every((i) => pair[i]);
  return { ...answers, cutoffs, low, high, classes, known, difference, hasPair };
}

// Find the computed cutoffs on both sides of one, and how far between them it lies; null before there
// is any. sure: no cutoff between them is still missing.
function bracket({ cutoffs, known }, cutoff) {
  if (!known.length) return null;
  const after = known.find((i) => cutoffs[i] >= cutoff) ?? known.at(-1);
  const before = known.findLast((i) => cutoffs[i] <= cutoff) ?? known[0];
  if (after !== before) {
    const share = (cutoff - cutoffs[before]) / (cutoffs[after] - cutoffs[before]);
    return { before, after, share, sure: after - before === 1 };
  }
  const beyond = cutoff > cutoffs[after] ? after < cutoffs.length - 1 : cutoff < cutoffs[after] && after > 0;
  return { before, after, share: 0, sure: !beyond };
}

const between = (values, { before, after, share }) =>
  values[before] * (1 - share) + values[after] * share;

// The best answers at a place between two cutoffs, which may list different classes.
function bestAnswers({ classes, probabilities }, place, count) {
  const shares = new Map();
  for (const [i, weight] of [[place.before, 1 - place.share], [place.after, place.share]]) {
    classes[i]?.forEach((c, n) => shares.set(c, (shares.get(c) ?? 0) + weight * probabilities[i][n]));
  }
  return [...shares].sort((a, b) => b[1] - a[1]).slice(0, count);
}

// The first zero crossing of p_low - p_high as in blurlab/sensitivity.py; null where there is none.
function reversal({ cutoffs, difference, known }) {
  for (let n = 1; n < known.length; n++) {
    const [i, j] = [known[n - 1], known[n]], [a, b] = [difference[i], difference[j]];
    if (a === 0 || a * b > 0) continue;
    return { at: cutoffs[i] + ((cutoffs[j] - cutoffs[i]) * a) / (a - b), sure: j - i === 1 };
  }
  return null;
}
