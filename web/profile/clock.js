// The server's clock as seen from this page: four times a question as in NTP (RFC 5905), the quickest answer of late counts.

const KEPT = 64; // answers; at two a second, half a minute
const DRIFT = 1e-4; // two quartz clocks go apart by less than this: 0.1 ms a second
const SLACK = 5; // ms; a change beyond both errors and this is a jump, not noise

export class ServerClock {
  #answers = [];
  #doubted = 0;

  /** How often the two clocks have jumped apart: a machine that slept, a server that was started anew. */
  jumps = 0;

  /** An answer: asked and heard on this page's clock, received and sent on the server's; all ms. Returns whether the clocks have jumped. */
  heard({ asked, received, sent, heard }) {
    const delay = heard - asked - (sent - received);
    if (!(delay >= 0) || !(sent >= received)) return this.#forget(); // one of the clocks was set while we asked
    const answer = { offset: (received - asked + (sent - heard)) / 2, error: delay / 2, at: heard };
    const best = this.#best(heard);
    if (best && Math.abs(answer.offset - best.offset) > answer.error + this.#errorOf(best, heard) + SLACK) {
      this.#doubted += 1;
      if (this.#doubted < 2) return false; // two in a row must say so
      this.#forget();
      this.#answers.push(answer);
      return true;
    }
    this.#doubted = 0;
    this.#answers.push(answer);
    if (this.#answers.length > KEPT) this.#answers.shift();
    return false;
  }

  /** {offset, error} in ms: a time on the server's clock less `offset` is on this page's. Null before the first answer. */
  estimate(now = performance.now()) {
    const best = this.#best(now);
    return best && { offset: best.offset, error: this.#errorOf(best, now) };
  }

  #forget() {
    this.#answers = [];
    this.#doubted = 0;
    this.jumps += 1;
    return true;
  }

  #best(now) {
    return this.#answers.reduce((best, each) => (best && this.#errorOf(best, now) <= this.#errorOf(each, now) ? best : each), null);
  }

  #errorOf({ error, at }, now) {
    return error + DRIFT * Math.max(0, now - at);
  }
}
