// Percentiles and histograms of milliseconds. Plain functions.

/** The value below which `share` (0..1) of the sorted numbers lie, between two of them by straight line; NaN of none. */
export function percentile(sorted, share) {
  if (!sorted.length) return NaN;
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.ceil(at);
  return sorted[low] + (sorted[high] - sorted[low]) * (at - low);
}

/** {count, p50, p95, p99} of numbers in any order; those that are no number are left out. */
export function summarize(numbers) {
  const sorted = numbers.filter(Number.isFinite).sort((a, b) => a - b);
  return { count: sorted.length, p50: percentile(sorted, 0.5), p95: percentile(sorted, 0.95), p99: percentile(sorted, 0.99) };
}

/** Summaries of the total and of each stage: {total, stages: {key: summary}}. `frames` are records of frames.js. */
export function summarizeFrames(frames, keys) {
  const stages = {};
  for (const key of keys) {
    const summary = summarize(frames.map(({ ms }) => ms[key]));
    if (summary.count) stages[key] = summary;
  }
  return { total: summarize(frames.map(({ total }) => total)), stages };
}

/** Counts of numbers in bins of `width` from 0 on: `bins` of them, the last one takes all that is beyond. */
export function histogram(numbers, width, bins) {
  const counts = new Array(bins).fill(0);
  for (const number of numbers) {
    if (Number.isFinite(number)) counts[Math.max(0, Math.min(bins - 1, Math.floor(number / width)))] += 1;
  }
  return counts;
}

/** The smallest of 1, 2, 5, 10, 20, 50 … that is at least `value`: steps of an axis. */
export function niceStep(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].find((factor) => factor * power >= value * 0.999999) * power;
}
