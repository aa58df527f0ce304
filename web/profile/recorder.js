// The recording: begins and ends it, saves it as files, loads an earlier one to compare with.

import { toCsv } from './csv.js';
import { LONGEST, Recording } from './recording.js';
import { stageKeys } from './stages.js';
import { summarizeFrames } from './statistics.js';
import { fromTrace, toTrace } from './trace.js';

const element = (id) => document.getElementById(id);

export class Recorder {
  #changed;
  #notes;

  /** The recording under way or made last, or null. */
  recording = null;
  running = false;
  /** {recording, summary, totals, medians} of the one compared with, or null. */
  earlier = null;

  /** `changed()` is called when there is something else to show; `toggle()` when the user presses the button. */
  constructor(notes, { changed, toggle }) {
    [this.#notes, this.#changed] = [notes, changed];
    element('record').onclick = toggle;
    element('trace').onclick = () => this.#save(JSON.stringify(toTrace(this.recording)), 'application/json', 'json');
    element('csv').onclick = () => this.#save(toCsv(this.recording), 'text/csv', 'csv');
    element('file').onchange = ({ target }) => {
      if (target.files.length) this.#load(target.files[0]);
      target.value = '';
    };
    element('clear').onclick = () => this.#compareWith(null);
  }

  /** Whether it may begin. */
  enable(on) {
    element('record').disabled = !on && !this.running;
  }

  begin(settings, firstDressed, sample) {
    this.running = true;
    this.recording = new Recording({ ...settings }, { agent: navigator.userAgent, url: location.origin, firstDressed });
    if (sample) this.sample(sample);
    this.#show();
  }

  end() {
    if (!this.running) return;
    this.running = false;
    this.#show();
    element('summary').textContent = JSON.stringify(this.recording.summary());
    document.body.dataset.recorded = String(this.recording.frames.length);
  }

  frame(frame) {
    if (!this.running) return;
    this.recording.frames.push(frame);
    const { seconds } = this.recording.settings;
    if (this.recording.length >= (seconds ? seconds * 1000 : LONGEST)) this.end();
  }

  /** The first dressed frame came so many ms after the start. */
  dressed(ms) {
    if (this.running) this.recording.about.firstDressed = ms;
  }

  sample({ at, up, down, limited, rtt, drops, cost, sharpness, overlay }) {
    if (this.running) this.recording.samples.push({ at, up, down, limited, rtt, drops, cost, sharpness, overlay });
  }

  event(what) {
    if (this.running) this.recording.events.push({ at: performance.now(), what });
  }

  /** Shows how far it is. */
  tick() {
    const { frames, length } = this.recording ?? { frames: [], length: 0 };
    element('recorded').textContent = frames.length ? `${this.running ? 'under way, ' : ''}${frames.length} frames, ${(length / 1000).toFixed(0)} s` : '';
  }

  #show() {
    const made = Boolean(this.recording?.frames.length) && !this.running;
    element('record').setAttribute('aria-pressed', String(this.running));
    element('record').textContent = this.running ? 'Stop recording' : 'Record';
    element('trace').disabled = element('csv').disabled = !made;
    this.tick();
    this.#changed();
  }

  #save(text, type, ending) {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = `${this.recording.name}.${ending}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  async #load(file) {
    try {
      this.#compareWith(fromTrace(await file.text()));
      this.#notes.set('file', null);
    } catch (error) {
      this.#notes.set('file', `${file.name} cannot be compared with: ${error.message}`);
    }
  }

  #compareWith(recording) {
    const summary = recording && summarizeFrames(recording.frames, stageKeys);
    this.earlier = recording && {
      recording,
      summary,
      totals: recording.frames.map(({ total }) => total),
      medians: Object.fromEntries(Object.entries(summary.stages).map(([key, { p50 }]) => [key, p50])),
    };
    document.body.classList.toggle('comparing', Boolean(recording));
    element('clear').hidden = !recording;
    this.#notes.set('earlier', recording && `Outlined: ${recording.name}, ${recording.frames.length} frames, p50 ${summary.total.p50.toFixed(1)} ms.`);
    this.#changed();
  }
}
