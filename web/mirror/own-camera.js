// The screen's own camera as the mirror: opened for a shopper, opened again whenever it goes away, closed when they have gone.

import { Camera, CameraError } from '../camera.js';
import { MirrorSession } from '../mirror-session.js';

const AGAIN_MS = 3000;

export class OwnCamera {
  #on;
  #camera;
  #session;
  #running = false;
  #retry = null;

  /** `on`: track(MediaStreamTrack) for the dressed picture, problem(state of words.js or null), frame(report). */
  constructor(url, on) {
    this.#on = on;
    this.#camera = new Camera({ lost: () => this.#open(), paused: (paused) => on.problem(paused ? 'paused' : null) });
    this.#session = new MirrorSession(url, {
      state: (state) => on.problem(state === 'live' ? null : state),
      track: (track) => on.track(track),
      garments: () => {},
      frame: (report) => on.frame(report),
      fault: (sentence) => console.warn(sentence),
    });
    navigator.mediaDevices?.addEventListener('devicechange', () => this.#running && !this.#camera.track && this.#open());
  }

  async start() {
    if (this.#running) return;
    this.#running = true;
    this.#session.start(null);
    this.#session.mirror(true);
    await this.#open();
  }

  stop() {
    this.#running = false;
    clearTimeout(this.#retry);
    this.#session.stop();
    this.#session.wear(null); // the next shopper starts without
    this.#camera.stop();
  }

  wear(id) {
    this.#session.wear(id);
  }

  wake() {
    this.#session.wake();
  }

  async #open() {
    clearTimeout(this.#retry);
    if (!this.#running) return;
    try {
      const track = await this.#camera.open();
      if (!track) return; // another call has overtaken this one
      if (!this.#running) return this.#camera.stop();
      await this.#session.replaceTrack(track);
      this.#on.problem(null);
    } catch (error) {
      if (!(error instanceof CameraError)) throw error;
      this.#camera.stop();
      this.#on.problem(error.state);
      this.#retry = setTimeout(() => this.#open(), AGAIN_MS);
    }
  }
}
