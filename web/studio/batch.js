// Many photos, one after another: how far it is, what failed and why. Knows nothing of the page.

import { StudioError, upload } from './api.js';

const AT_ONCE = 2; // one is read while the next is on its way

export class Batch {
  #waiting = [];
  #running = 0;
  #tell;
  #read;
  total = 0;
  done = 0;
  failures = [];

  /** `tell()` is called after every change; `read(garment)` for every photo that became a draft. */
  constructor(tell, read) {
    this.#tell = tell;
    this.#read = read;
  }

  get finished() {
    return this.done === this.total;
  }

  add(files) {
    if (this.finished) this.clear();
    this.#waiting.push(...files);
    this.total += files.length;
    this.#tell();
    while (this.#running < AT_ONCE && this.#waiting.length) this.#work();
  }

  /** Forgets what is over. */
  clear() {
    this.total = this.done = 0;
    this.failures = [];
    this.#tell();
  }

  async #work() {
    this.#running += 1;
    while (this.#waiting.length) {
      const file = this.#waiting.shift();
      try {
        this.#read(await upload(file));
      } catch (error) {
        if (!(error instanceof StudioError)) console.error(error);
        this.failures.push({ name: file.name, why: error.message });
      }
      this.done += 1;
      this.#tell();
    }
    this.#running -= 1;
  }
}
