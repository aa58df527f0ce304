// A recording as CSV (RFC 4180): a line a frame, a column a stage, times in ms from the first frame's start.

import { stageKeys } from './stages.js';

const FIELDS = ['number', 'rtp', 'start_ms', 'shown_ms', 'total_ms'];
const REST = ['status', 'garment', 'width', 'height', 'clock_error_ms'];

export function toCsv(recording) {
  const zero = recording.frames.find(({ start }) => Number.isFinite(start))?.start ?? recording.frames[0]?.shown ?? 0;
  const header = [...FIELDS, ...stageKeys.map((key) => `${key}_ms`), ...REST];
  const lines = recording.frames.map(({ number, rtp, start, shown, total, ms, status, garment, width, height, error }) => [
    number, rtp, start - zero, shown - zero, total, ...stageKeys.map((key) => ms[key]), status, garment, width, height, error,
  ]);
  return [header, ...lines].map((line) => `${line.map(cell).join(',')}\r\n`).join('');
}

function cell(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return '';
  if (typeof value === 'number') return String(Math.round(value * 1000) / 1000);
  return /[",\r\n]/.test(value) || /^[=+\-@]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
