// Which of the many things going on the shopper is told about. Plain functions and values: no page, no network.

const HOLD_MS = { ok: 250, plain: 0, nobody: 900, 'step-back': 900, turn: 900 }; // a doubt of a few frames is not worth a word

/** A value that changes only when the new one has lasted. */
export class Steady {
  #value = 'plain';
  #next = 'plain';
  #since = 0;

  get value() {
    return this.#value;
  }

  /** Takes the value seen at `now` (ms); returns the steady one. */
  push(value, now) {
    if (value !== this.#next) {
      this.#next = value;
      this.#since = now;
    }
    if (now - this.#since >= (HOLD_MS[value] ?? 0)) this.#value = value;
    return this.#value;
  }

  reset() {
    this.#value = this.#next = 'plain';
  }
}

/**
 * The one state to put into words. `camera`: off | opening | asking | open | paused | an error's state; `session`: off or a state of MirrorSession;
 * `frame`: the steady status of the returned frames; `garments`: how many there are; `wearing`: whether one is chosen; `notice`: a passing remark or null.
 */
export function stateOf({ camera, session, frame, garments, wearing, notice }) {
  if (camera === 'off') return 'start';
  if (camera !== 'open') return camera;
  if (session !== 'live') return session === 'off' ? 'connecting' : session;
  if (notice) return notice;
  if (!wearing) return garments ? 'choose' : 'no-garments';
  return ['nobody', 'step-back', 'turn'].includes(frame) ? frame : 'ok';
}
