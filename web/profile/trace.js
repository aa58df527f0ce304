// A recording as a trace for Perfetto or chrome://tracing, and back.
// (Trace Event Format: "X" slices, "C" counters, "i" instants, "M" names; ts and dur in µs. Slices of one thread must nest, and frames overlap: so
// each frame goes to the first lane that is free.)

import { Recording } from './recording.js';
import { stages } from './stages.js';

const FORMAT = 'fitting-room-profile';
const VERSION = 1;
const FRAMES = 1; // process ids
const NUMBERS = 2;

/** What is wrong with a file, in words for people. */
export class DamagedRecording extends Error {}

export function toTrace(recording) {
  const starts = recording.frames.map(beginning);
  const zero = Math.min(...starts, ...recording.samples.map(({ at }) => at), ...recording.events.map(({ at }) => at));
  const us = (time) => Math.max(0, Math.round((time - zero) * 1e6) / 1e3);
  const lanes = [];
  const traceEvents = [named('process_name', FRAMES, 0, 'Frames, glass to glass'), named('process_name', NUMBERS, 0, 'Figures')];
  recording.frames.forEach((frame, index) => {
    const slices = slicesOf(frame, starts[index], us);
    let lane = lanes.findIndex((end) => end <= slices[0].ts);
    if (lane < 0) {
      lane = lanes.length;
      traceEvents.push(named('thread_name', FRAMES, lane + 1, `Lane ${lane + 1}`));
    }
    lanes[lane] = slices[0].ts + slices[0].dur;
    for (const slice of slices) traceEvents.push({ ...slice, ph: 'X', pid: FRAMES, tid: lane + 1 });
    if (Number.isFinite(frame.total)) traceEvents.push(counter('glass to glass, ms', us(frame.shown), { total: frame.total }));
  });
  for (const { at, up, down } of recording.samples) {
    traceEvents.push(counter('bitrate, kbit/s', us(at), { up: up.kbps || 0, down: down.kbps || 0 }));
  }
  for (const { at, what } of recording.events) traceEvents.push({ name: what, ph: 'i', s: 'g', ts: us(at), pid: FRAMES, tid: 0 });
  const { settings, about, started, samples, events } = recording;
  return { traceEvents, displayTimeUnit: 'ms', recording: { format: FORMAT, version: VERSION, settings, about, started, samples, events } };
}

/** The recording in a trace file's text. Throws DamagedRecording. */
export function fromTrace(text) {
  let trace;
  try {
    trace = JSON.parse(text);
  } catch {
    throw new DamagedRecording('This file is cut off or is no JSON.');
  }
  const { recording, traceEvents } = trace ?? {};
  if (recording?.format !== FORMAT || !Array.isArray(traceEvents)) throw new DamagedRecording('This file is no recording of this profiler.');
  if (recording.version !== VERSION) throw new DamagedRecording(`This recording has format ${recording.version}, this page reads ${VERSION}.`);
  const started = new Date(recording.started);
  if (Number.isNaN(started.getTime())) throw new DamagedRecording('This recording does not say when it was made.');
  const loaded = new Recording(recording.settings ?? {}, recording.about ?? {}, started);
  loaded.samples = list(recording.samples);
  loaded.events = list(recording.events);
  loaded.frames = traceEvents.filter((event) => event?.cat === 'frame' && event.ph === 'X').map(({ args }) => frameIn(args));
  if (!loaded.frames.length) throw new DamagedRecording('There are no frames in this recording.');
  return loaded;
}

function beginning({ start, shown, ms }) {
  return Number.isFinite(start) ? start : shown - Object.values(ms).reduce((sum, each) => sum + each, 0) + (ms.display ?? 0);
}

/** The frame's own slice, and its stages one after the other inside it. */
function slicesOf(frame, start, us) {
  const inside = [];
  let at = start;
  for (const { key, label, group } of stages) {
    const length = Math.max(0, frame.ms[key] ?? 0);
    if (!length) continue;
    inside.push({ name: label, cat: group, ts: us(at), dur: Math.max(0, us(at + length) - us(at)) });
    at += length;
  }
  const end = Math.max(us(at), us(frame.shown));
  const args = { ...frame, start: Number.isFinite(frame.start) ? frame.start : null, total: Number.isFinite(frame.total) ? frame.total : null };
  return [{ name: `frame ${frame.number ?? '?'}`, cat: 'frame', ts: us(start), dur: end - us(start), args }, ...inside];
}

function frameIn(frame) {
  const times = frame && typeof frame.ms === 'object' && frame.ms !== null ? Object.values(frame.ms) : [NaN];
  if (![frame?.shown, ...times].every(Number.isFinite)) throw new DamagedRecording('A frame in this recording is damaged.');
  return { ...frame, start: frame.start ?? NaN, total: frame.total ?? NaN };
}

function list(value) {
  return Array.isArray(value) ? value : [];
}

function named(name, pid, tid, text) {
  return { name, ph: 'M', ts: 0, pid, tid, args: { name: text } };
}

function counter(name, ts, args) {
  return { name, ph: 'C', ts, pid: NUMBERS, tid: 0, args };
}
