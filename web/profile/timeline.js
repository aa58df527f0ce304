// The last minute as stacked columns: where the milliseconds went, the slowest frame of each column, what was dropped.

import { byGroup, groups } from './stages.js';
import { niceStep } from './statistics.js';
import { line, write } from './surface.js';

const SPAN = 60000; // ms
const COLUMN = 250; // ms
const COLUMNS = SPAN / COLUMN;
const NOTICED = 75; // ms from which people notice the delay of a mirror
const LEFT = 38;
const BOTTOM = 22;

/** Collects frames into columns as they come, so that drawing costs the same however many there were. */
export class Minute {
  #columns = new Map(); // by number of the column

  add(frame) {
    const column = this.#at(frame.shown);
    column.frames += 1;
    if (Number.isFinite(frame.total)) column.worst = Math.max(column.worst, frame.total);
    const sums = byGroup(frame.ms);
    for (const { key } of groups) column.sums[key] += Math.max(0, sums[key]);
  }

  /** So many frames were dropped by now. */
  drop(count, now) {
    this.#at(now).dropped += count;
  }

  /** The columns up to `now`, oldest first, null where there was no frame. */
  columns(now) {
    const last = Math.floor(now / COLUMN);
    for (const number of this.#columns.keys()) if (number <= last - COLUMNS) this.#columns.delete(number);
    return Array.from({ length: COLUMNS }, (_, index) => this.#columns.get(last - COLUMNS + 1 + index) ?? null);
  }

  #at(time) {
    const number = Math.floor(time / COLUMN);
    if (!this.#columns.has(number)) {
      this.#columns.set(number, { frames: 0, worst: 0, dropped: 0, sums: Object.fromEntries(groups.map(({ key }) => [key, 0])) });
    }
    return this.#columns.get(number);
  }
}

/** `earlier`: the median of an earlier recording in ms, or null. */
export function drawTimeline(context, width, height, colour, { columns, earlier }) {
  const top = 8;
  const bottom = height - BOTTOM;
  const known = columns.filter((column) => column?.frames);
  const highest = Math.max(60, earlier ?? 0, usual(known.map(({ worst }) => worst)), usual(known.map(heightOf)));
  const step = niceStep(highest / 4);
  const most = Math.ceil((highest * 1.05) / step) * step;
  const y = (ms) => bottom - (ms / most) * (bottom - top);
  const each = (width - LEFT) / COLUMNS;
  for (let ms = 0; ms <= most; ms += step) {
    line(context, LEFT, y(ms), width, y(ms), colour('line'));
    write(context, String(ms), LEFT - 8, y(ms), colour('quiet'), 'right');
  }
  context.save();
  context.beginPath();
  context.rect(LEFT, top, width - LEFT, bottom - top);
  context.clip();
  const heights = columns.map(() => bottom);
  for (const { key } of groups) {
    context.fillStyle = colour(`stage-${key}`);
    context.beginPath();
    columns.forEach((column, index) => {
      if (!column?.frames) return;
      const part = (column.sums[key] / column.frames / most) * (bottom - top);
      context.rect(LEFT + index * each, heights[index] - part, each + 0.3, part);
      heights[index] -= part;
    });
    context.fill();
  }
  context.restore();
  context.fillStyle = colour('ink');
  columns.forEach((column, index) => {
    if (heights[index] < top) over(context, LEFT + (index + 0.5) * each, top);
    else if (column?.worst) context.fillRect(LEFT + index * each, Math.max(top, y(column.worst)) - 0.75, Math.max(1.5, each - 0.5), 1.5);
  });
  context.fillStyle = colour('warn');
  columns.forEach((column, index) => {
    if (column?.dropped) context.fillRect(LEFT + index * each, bottom + 1, Math.max(2, each), 4);
  });
  if (most > NOTICED) level(context, y(NOTICED), width, 'noticed from 75 ms', colour, 'ink');
  if (earlier) level(context, y(earlier), width, `earlier p50 ${earlier.toFixed(0)} ms`, colour, 'ink');
  for (const seconds of [60, 45, 30, 15, 0]) {
    const x = LEFT + (1 - seconds / 60) * (width - LEFT);
    write(context, seconds ? `−${seconds} s` : 'now', x, height - 7, colour('quiet'), seconds === 60 ? 'left' : seconds ? 'center' : 'right');
  }
}

function heightOf({ sums, frames }) {
  return Object.values(sums).reduce((total, ms) => total + ms) / frames;
}

/** High enough for all but the very slowest columns: a few outliers must not flatten the rest. */
function usual(values) {
  const sorted = values.sort((a, b) => a - b);
  return sorted[Math.floor(0.95 * (sorted.length - 1))] ?? 0;
}

/** The mark of a column that is higher than the picture. */
function over(context, x, top) {
  context.beginPath();
  context.moveTo(x, top - 7);
  context.lineTo(x + 4, top - 1);
  context.lineTo(x - 4, top - 1);
  context.fill();
}

function level(context, y, width, text, colour, name) {
  line(context, LEFT, y, width, y, colour(name), [4, 4]);
  const { width: wide } = context.measureText(text);
  context.fillStyle = colour('card');
  context.globalAlpha = 0.85;
  context.fillRect(LEFT + 4, y - 18, wide + 8, 16);
  context.globalAlpha = 1;
  write(context, text, LEFT + 8, y - 10, colour(name));
}
