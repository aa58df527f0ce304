// How the delays are spread: a histogram with p50, p95 and p99, and the outline of an earlier recording's.

import { histogram, niceStep, percentile } from './statistics.js';
import { line, write } from './surface.js';

const LEFT = 8;
const BOTTOM = 22;
const TOP = 30;

/** `totals` and `earlier`: ms of frames; `earlier` may be null. */
export function drawDistribution(context, width, height, colour, { totals, earlier }) {
  const sorted = totals.filter(Number.isFinite).sort((a, b) => a - b);
  if (!sorted.length) return write(context, 'No frame yet', width / 2, height / 2, colour('quiet'), 'center');
  const old = earlier?.filter(Number.isFinite).sort((a, b) => a - b) ?? [];
  const highest = 1.15 * Math.max(40, percentile(sorted, 0.99), old.length ? percentile(old, 0.99) : 0);
  const axis = niceStep(highest / Math.max(3, width / 90));
  const most = Math.ceil(highest / axis) * axis;
  const bins = Math.max(20, Math.min(80, Math.round(width / 9)));
  const bottom = height - BOTTOM;
  const x = (ms) => LEFT + (ms / most) * (width - 2 * LEFT);
  const shares = histogram(sorted, most / bins, bins).map((count) => count / sorted.length);
  const before = old.length ? histogram(old, most / bins, bins).map((count) => count / old.length) : [];
  const peak = Math.max(...shares, ...before);
  const y = (share) => bottom - (share / peak) * (bottom - TOP);
  const each = (width - 2 * LEFT) / bins;
  context.fillStyle = colour('bars');
  shares.forEach((share, bin) => share && context.fillRect(LEFT + bin * each + 0.5, y(share), each - 1, bottom - y(share)));
  if (before.length) outline(context, before, { y, each, bottom, colour: colour('ink') });
  line(context, LEFT, bottom, width - LEFT, bottom, colour('quiet'));
  for (let ms = 0; ms <= most; ms += axis) write(context, ms + axis > most ? `${ms} ms` : String(ms), x(ms), height - 8, colour('quiet'), ms === 0 ? 'left' : ms + axis > most ? 'right' : 'center');
  marks(context, sorted, { x, bottom, colour, width });
}

function outline(context, shares, { y, each, bottom, colour }) {
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(LEFT, bottom);
  shares.forEach((share, bin) => {
    context.lineTo(LEFT + bin * each, y(share));
    context.lineTo(LEFT + (bin + 1) * each, y(share));
  });
  context.lineTo(LEFT + shares.length * each, bottom);
  context.stroke();
}

/** The percentiles, their names side by side where they would cover one another. */
function marks(context, sorted, { x, bottom, colour, width }) {
  let free = -Infinity;
  const texts = [0.5, 0.95, 0.99].map((share) => {
    const ms = percentile(sorted, share);
    const text = `p${share * 100} ${ms.toFixed(0)}`;
    const wide = context.measureText(text).width;
    const left = Math.max(free, Math.min(x(ms) - wide / 2, width - wide));
    free = left + wide + 10;
    return { at: x(ms), text, left, wide };
  });
  const over = Math.max(0, free - 10 - width); // pushed out at the right: all move back
  for (const { at, text, left, wide } of texts) {
    const from = Math.max(0, left - over);
    write(context, text, from, 9, colour('ink'));
    line(context, Math.max(from, Math.min(at, from + wide)), 17, at, TOP - 4, colour('ink'));
    line(context, at, TOP - 4, at, bottom, colour('ink'), [3, 3]);
  }
}
