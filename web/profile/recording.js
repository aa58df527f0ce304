// A run as data: its settings, every frame, a sample a second, what happened. Saved as a trace (trace.js) or as CSV.

import { stageKeys } from './stages.js';
import { summarizeFrames } from './statistics.js';

export const LONGEST = 60 * 60 * 1000; // ms; an hour of frames is 100 MB in a page

export class Recording {
  /** `settings` as in settings.js; `about` {agent, url, firstDressed}: the last in ms after the start. */
  constructor(settings, about, started = new Date()) {
    this.settings = settings;
    this.about = about;
    this.started = started.toISOString();
    this.frames = [];
    this.samples = []; // {at, up, down, limited, rtt, drops, cost, sharpness, overlay}
    this.events = []; // {at, what}
  }

  /** ms from the first frame shown to the last. */
  get length() {
    return this.frames.length > 1 ? this.frames.at(-1).shown - this.frames[0].shown : 0;
  }

  get name() {
    return `fitting-room-${this.started.slice(0, 19).replace(/[T:]/g, '-')}`;
  }

  /** What is asked of a run, in one object. */
  summary() {
    const { total, stages } = summarizeFrames(this.frames, stageKeys);
    const seconds = this.length / 1000;
    const last = this.samples.at(-1);
    const first = this.samples[0];
    const mean = (of) => average(this.samples.map(of));
    const drops = {};
    for (const cause of Object.keys(last?.drops ?? {})) drops[cause] = last.drops[cause] - (first.drops[cause] ?? 0);
    return {
      ...rounded(total),
      per_minute_p50_ms: minutes(this.frames).map((part) => round(summarizeFrames(part, []).total.p50)),
      first_dressed_ms: round(this.about.firstDressed ?? NaN, 0),
      fps: round((this.frames.length - 1) / seconds),
      seconds: round(seconds),
      frames: this.frames.length,
      stages: Object.fromEntries(Object.entries(stages).map(([key, each]) => [key, rounded(each)])),
      drops,
      sent: { size: sizeOf(last?.up), kbps: round(mean(({ up }) => up.kbps)), fps: round(mean(({ up }) => up.fps)), codec: last?.up.codec ?? null },
      returned: { size: sizeOf(last?.down), kbps: round(mean(({ down }) => down.kbps)), fps: round(mean(({ down }) => down.fps)), codec: last?.down.codec ?? null },
      limited: [...new Set(this.samples.map(({ limited }) => limited))].filter((why) => why && why !== 'none'),
      clock_error_ms: round(average(this.frames.map(({ error }) => error ?? NaN))),
      sharpness: round(mean(({ sharpness }) => sharpness), 3),
      overlay: placed(first?.overlay, last?.overlay),
      cost_ms_a_frame: round(mean(({ cost }) => cost), 2),
      status: [...new Set(this.frames.map(({ status }) => status))],
      worn: [...new Set(this.frames.map(({ garment }) => garment))],
      events: this.events.map(({ what }) => what),
      settings: this.settings,
      started: this.started,
    };
  }
}

/** Frames of an overlay by how well they were placed, over the recording; null for the whole picture. */
function placed(first, last) {
  return last ? Object.fromEntries(Object.keys(last).map((key) => [key, last[key] - (first?.[key] ?? 0)])) : null;
}

function minutes(frames) {
  const parts = [];
  for (const frame of frames) {
    const minute = Math.floor((frame.shown - frames[0].shown) / 60000);
    (parts[minute] ??= []).push(frame);
  }
  return parts.filter((part) => part.length >= 30);
}

function sizeOf(flow) {
  return flow?.width ? `${flow.width}x${flow.height}` : null;
}

function average(numbers) {
  const known = numbers.filter(Number.isFinite);
  return known.reduce((sum, each) => sum + each, 0) / known.length;
}

function rounded({ p50, p95, p99, count }) {
  return { p50_ms: round(p50), p95_ms: round(p95), p99_ms: round(p99), count };
}

/** NaN becomes null: JSON has no other word for it. */
function round(number, digits = 1) {
  return Number.isFinite(number) ? Number(number.toFixed(digits)) : null;
}
