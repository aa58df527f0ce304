// One frame's trip as a waterfall: a row a stage, from capture to display. Drawn over it, where there is an earlier recording: its medians.

import { stages } from './stages.js';
import { niceStep } from './statistics.js';
import { line, write } from './surface.js';

const LABEL = 138; // px for the names
const VALUE = 46; // px for the numbers at the right
const AXIS = 24; // px for the scale

/** Draws `frame` (frames.js), or a hint while there is none; `earlier` {stage: ms} may be null. */
export function drawWaterfall(context, width, height, colour, { frame, earlier, scale }) {
  if (!frame) return write(context, 'No frame yet', width / 2, height / 2, colour('quiet'), 'center');
  const rows = stages.filter(({ key }) => frame.ms[key] !== undefined || earlier?.[key] !== undefined);
  const row = Math.min(27, (height - AXIS) / rows.length);
  const span = width - LABEL - VALUE;
  const x = (ms) => LABEL + (ms / scale) * span;
  const bottom = row * rows.length;
  drawAxis(context, { x, scale, bottom, colour, span });
  let at = 0;
  let before = 0;
  rows.forEach(({ key, group, label, after }, index) => {
    const y = index * row;
    const ms = Math.max(0, frame.ms[key] ?? 0);
    if (index && rows[index - 1].group !== group) line(context, 0, y, LABEL - 8, y, colour('line'));
    write(context, label, 13, y + row / 2, colour('ink'));
    context.fillStyle = colour(`stage-${group}`);
    context.fillRect(0, y + 2, 4, row - 4);
    context.globalAlpha = after ? 0.45 : 1;
    context.fillRect(x(at), y + 3, Math.max(1.5, x(at + ms) - x(at)), row - 6);
    context.globalAlpha = 1;
    if (earlier?.[key] !== undefined) {
      context.strokeStyle = colour('ink');
      context.lineWidth = 1;
      context.strokeRect(Math.round(x(before)) + 0.5, Math.round(y + 3) + 0.5, Math.max(1, Math.round(x(before + earlier[key]) - x(before)) - 1), Math.round(row - 6) - 1);
      before += earlier[key];
    }
    write(context, ms.toFixed(1), width - 2, y + row / 2, ms >= 1 ? colour('ink') : colour('quiet'), 'right');
    at += ms;
  });
  if (Number.isFinite(frame.total)) {
    line(context, x(frame.total), 0, x(frame.total), bottom, colour('ink'), [3, 3]);
    const left = x(frame.total) > width - VALUE - 70;
    write(context, `shown ${frame.total.toFixed(1)} ms`, x(frame.total) + (left ? -6 : 6), 9, colour('ink'), left ? 'right' : 'left');
  }
}

function drawAxis(context, { x, scale, bottom, colour, span }) {
  const step = niceStep(scale / Math.max(2, span / 64));
  for (let ms = 0; ms <= scale; ms += step) {
    line(context, x(ms), 0, x(ms), bottom + 3, colour('line'));
    write(context, ms + step > scale ? `${ms} ms` : String(ms), x(ms), bottom + 14, colour('quiet'), 'center');
  }
}
