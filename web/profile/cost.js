// What measuring itself costs this page's thread: ms a frame of the camera, over the last seconds.

const WINDOW = 5000; // ms

export class Cost {
  #spent = []; // [when, ms]
  #frames = [];

  /** Runs `work` and counts its time. */
  of(work) {
    const start = performance.now();
    try {
      return work();
    } finally {
      this.add(performance.now() - start);
    }
  }

  add(ms) {
    this.#spent.push([performance.now(), ms]);
  }

  /** A frame went out, or came back where frames going out are not seen. */
  frame() {
    this.#frames.push(performance.now());
  }

  /** ms a frame; NaN where there were none. */
  perFrame(now = performance.now()) {
    while (this.#spent.length && now - this.#spent[0][0] > WINDOW) this.#spent.shift();
    while (this.#frames.length && now - this.#frames[0] > WINDOW) this.#frames.shift();
    const sum = this.#spent.reduce((total, [, ms]) => total + ms, 0);
    return this.#frames.length ? sum / this.#frames.length : NaN;
  }
}
