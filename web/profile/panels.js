// The charts and figures: what is painted, from what, how often.

import { drawDistribution } from './distribution.js';
import { byGroup, groups, stageKeys } from './stages.js';
import { niceStep, percentile, summarize, summarizeFrames } from './statistics.js';
import { Surface } from './surface.js';
import { fillDrops, fillLegend, fillTable } from './table.js';
import { drawTimeline, Minute } from './timeline.js';
import { drawWaterfall } from './waterfall.js';

const FIGURES_MS = 10000; // what the large figures are of
const KEPT_MS = 60000; // frames that are at hand without a recording
const LAST_FRAME_MS = 333; // the waterfall is painted so often: nobody reads faster, and painting is most of what measuring costs
const CHARTS_MS = 1000; // timeline, histogram and figures
const TABLE_MS = 3000; // the table: it sorts every stage of every frame

const element = (id) => document.getElementById(id);

export class Panels {
  #recorder;
  #cost;
  #kept = []; // frames of the last minute
  #minute = new Minute();
  #sample = null;
  #dropped = 0;
  #returned = 0;
  #held = null;
  #scale = 60; // ms across the waterfall: it changes rarely, so that frames can be compared by eye
  #timers = [];
  #waterfall;
  #timeline;
  #distribution;

  /** `recorder` has the recordings to show; `cost` (cost.js) is told what painting takes. */
  constructor(cost) {
    this.#cost = cost;
    this.#waterfall = new Surface(element('waterfall'), (...canvas) => drawWaterfall(...canvas, { frame: this.#frame, earlier: this.#recorder?.earlier?.medians, scale: this.#scale }));
    this.#timeline = new Surface(element('timeline'), (...canvas) => {
      drawTimeline(...canvas, { columns: this.#minute.columns(performance.now()), earlier: this.#recorder?.earlier?.summary.total.p50 });
    });
    this.#distribution = new Surface(element('histogram'), (...canvas) => {
      drawDistribution(...canvas, { totals: this.#frames.map(({ total }) => total), earlier: this.#recorder?.earlier?.totals });
    });
    element('hold').onclick = ({ currentTarget }) => {
      this.#held = this.#held ? null : (this.#kept.at(-1) ?? null);
      currentTarget.setAttribute('aria-pressed', String(Boolean(this.#held)));
      this.#paintLast();
    };
    fillLegend(element('legend'), {});
    fillDrops(element('drops'), {}, 0);
  }

  set recorder(recorder) {
    this.#recorder = recorder;
  }

  /** Forgets the last run and paints until stop(). */
  start() {
    [this.#kept, this.#minute, this.#sample, this.#dropped, this.#returned] = [[], new Minute(), null, 0, 0];
    const every = (ms, paint) => setInterval(() => this.#cost.of(paint), ms);
    this.#timers = [every(LAST_FRAME_MS, () => this.#paintLast()), every(CHARTS_MS, () => this.#paintCharts()), every(TABLE_MS, () => this.#paintTable())];
  }

  stop() {
    for (const timer of this.#timers) clearInterval(timer);
    this.paint();
  }

  paint() {
    this.#paintLast();
    this.#paintCharts();
    this.#paintTable();
  }

  frame(frame) {
    this.#kept.push(frame);
    this.#returned += 1;
    while (frame.shown - this.#kept[0].shown > KEPT_MS) this.#kept.shift();
    this.#minute.add(frame);
  }

  sample(sample) {
    const dropped = Object.values(sample.drops).reduce((sum, count) => sum + count, 0);
    this.#minute.drop(dropped - this.#dropped, sample.at);
    this.#dropped = dropped;
    this.#sample = sample;
  }

  get #frame() {
    return this.#held ?? this.#kept.at(-1);
  }

  /** What the histogram and the table are of: the last minute while it runs, else the recording, where there is one. */
  get #frames() {
    const { recording } = this.#recorder ?? {};
    return recording?.frames.length && document.body.dataset.state === 'off' ? recording.frames : this.#kept;
  }

  #paintLast() {
    const frame = this.#frame;
    const length = frame ? Math.max(frame.total || 0, Object.values(frame.ms).reduce((sum, ms) => sum + Math.max(0, ms), 0)) : 0;
    if (length > this.#scale || length < this.#scale / 2.5) this.#scale = Math.max(40, niceStep(length / 8) * Math.ceil((length * 1.15) / niceStep(length / 8)));
    const facts = frame ? [frame.number ?? 'no number', frame.garment, frame.error === null ? null : `clock ± ${frame.error.toFixed(1)} ms`] : [];
    element('which').textContent = facts.filter((fact) => fact !== null).join(' · ');
    this.#waterfall.paint();
  }

  #paintCharts() {
    const now = performance.now();
    const recent = this.#kept.filter(({ shown }) => now - shown < FIGURES_MS);
    this.#figures(recent);
    if (this.#sample) this.#connection(this.#sample);
    this.#timeline.paint();
    this.#distribution.paint();
    fillLegend(element('legend'), groupMedians(recent));
    this.#recorder?.tick();
  }

  #paintTable() {
    const frames = this.#frames;
    element('counted').textContent = frames.length ? `${frames.length} frames` : '';
    element('span').textContent = frames.length ? `${frames === this.#kept ? 'last 60 s' : 'recording'}, ms` : '';
    fillTable(document.querySelector('#table tbody'), summarizeFrames(frames, stageKeys), this.#recorder?.earlier?.summary);
  }

  #figures(recent) {
    const { p50, p95, p99 } = summarize(recent.map(({ total }) => total));
    element('p50').value = Number.isFinite(p50) ? p50.toFixed(0) : '–';
    element('p95').textContent = inMs(p95, 0);
    element('p99').textContent = inMs(p99, 0);
    const seconds = recent.length > 1 ? (recent.at(-1).shown - recent[0].shown) / 1000 : 0;
    element('fps').textContent = seconds ? `${((recent.length - 1) / seconds).toFixed(1)} fps` : '–';
  }

  #connection({ up, down, limited, rtt, lost, clock, quality, drops, cost, sharpness, overlay }) {
    element('sent').textContent = flow(up);
    element('returned').textContent = flow(down);
    const placed = overlay ? ` · ${overlay.near + overlay.missed} misplaced` : '';
    element('sharpness').textContent = Number.isFinite(sharpness) ? `${(100 * sharpness).toFixed(0)}% of camera’s${placed}` : '–';
    const limits = [limited && limited !== 'none' && `browser: ${limited}`, quality?.reason && `server: ${quality.reason}`].filter(Boolean);
    alertable('limited', limits.join(', ') || 'nothing', limits.length > 0);
    element('rtt').textContent = `${inMs(rtt, 1)} · ${lost} packets lost`;
    element('clock').textContent = clock ? `± ${clock.error.toFixed(2)} ms` : 'not known';
    alertable('cost', Number.isFinite(cost) ? `${cost.toFixed(2)} ms a frame` : '–', cost > 2);
    fillDrops(element('drops'), drops, this.#returned);
  }
}

function alertable(id, text, alert) {
  element(id).textContent = text;
  element(id).className = alert ? 'alert' : '';
}

function flow({ width, height, fps, kbps, codec }) {
  return `${width ?? '–'}×${height ?? '–'} · ${fps.toFixed(0)} fps · ${(kbps / 1000).toFixed(1)} Mbit/s · ${codec ?? '–'}`;
}

function inMs(value, digits) {
  return Number.isFinite(value) ? `${value.toFixed(digits)} ms` : '–';
}

function groupMedians(frames) {
  const sums = frames.map(({ ms }) => byGroup(ms));
  return Object.fromEntries(groups.map(({ key }) => [key, percentile(sums.map((each) => each[key]).sort((a, b) => a - b), 0.5)]));
}
