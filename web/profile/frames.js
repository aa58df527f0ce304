// Puts a frame's story together: the page stamped it, the server reported it, the page showed it. Times in ms on the page's clock.
// Knows no video and no network: what happened is told to it.

const PATIENCE = 1500; // ms a shown frame waits for the server's report
const REMEMBERED = 10000; // ms a stamped frame is waited for
const SERVER_STAGES = ['to_rgb', 'find', 'crop', 'body', 'fit', 'dress', 'paste', 'to_yuv', 'pack'];

export class FrameBook {
  #complete;
  #stamped = new Map(); // by number
  #reports = new Map(); // by rtp
  #shown = []; // waiting for their report
  #captureLag = null; // ms from a frame's own timestamp to the page's clock

  /** Frames whose number in the pixels was not the one the server says it read. */
  mismatches = 0;
  /** Frames shown without a readable number, and frames shown that the server never spoke of. */
  unread = 0;
  unreported = 0;

  /** `complete(frame)` gets each frame once: see `#finish`. */
  constructor(complete) {
    this.#complete = complete;
  }

  /** The page has put this number into a frame. */
  stamped({ number, timestamp, captured, arrived, done }) {
    this.#stamped.set(number, { timestamp, captured, arrived, done });
    for (const [key, each] of this.#stamped) {
      if (done - each.done < REMEMBERED) break;
      this.#stamped.delete(key);
    }
  }

  /** The page has shown its own picture of a frame: this ties the frames' timestamps (µs) to the page's clock. */
  shownLocally({ mediaTime, captureTime }) {
    if (captureTime !== undefined) this.#captureLag = captureTime - mediaTime * 1000;
  }

  /** The server's message on a returned frame; `clock` {offset, error} as it was when it came, or null. */
  reported(message, clock) {
    this.#reports.set(message.rtp, { ...message, clock });
    if (this.#reports.size > 300) this.#reports.delete(this.#reports.keys().next().value);
  }

  /**
   * A returned frame was shown: the number in its pixels or null, requestVideoFrameCallback's metadata, the callback's time, the means
   * getStats had of late: `ms` of rtc-stats.js, or null; and when the page had laid it over its own picture, or null.
   */
  shown(number, metadata, now, late, laid = null) {
    this.#shown.push({ number, metadata, now, late, laid });
    this.settle(performance.now());
  }

  /** Hands on what is complete, or has waited for long enough. */
  settle(now) {
    while (this.#shown.length) {
      const [first] = this.#shown;
      const report = this.#reportOf(first);
      if (!report && now - first.now < PATIENCE) return;
      this.#shown.shift();
      this.#finish(first, report);
    }
  }

  /** Forget what is under way: the connection, the camera or the page was away. */
  forget() {
    this.#stamped.clear();
    this.#reports.clear();
    this.#shown = [];
  }

  #reportOf({ number, metadata }) {
    if (metadata.rtpTimestamp !== undefined) return this.#reports.get(metadata.rtpTimestamp);
    if (number === null) return undefined; // no rtpTimestamp in this browser: by the number alone
    return [...this.#reports.values()].findLast(({ mark }) => mark === number);
  }

  #finish({ number, metadata, now, late, laid }, report) {
    if (number === null) this.unread += 1;
    if (!report) this.unreported += 1;
    const mark = report?.mark ?? null;
    if (number !== null && mark !== null && number !== mark) this.mismatches += 1;
    const known = number ?? mark;
    const sent = known === null ? undefined : this.#stamped.get(known);
    if (known !== null) this.#stamped.delete(known); // a number comes back once
    if (!sent && !report) return;
    this.#complete(timeline({ number: known, sent: sent && this.#withCapture(sent), report, metadata, now, late, laid }));
  }

  #withCapture(sent) {
    if (sent.captured !== null) return sent;
    const captured = this.#captureLag === null || sent.timestamp === null ? NaN : sent.timestamp / 1000 + this.#captureLag;
    const plausible = captured <= sent.arrived && sent.arrived - captured < 500; // else the two clocks have been set since
    return { ...sent, captured: plausible ? captured : sent.arrived };
  }
}

/**
 * {number, rtp, start, shown, total, ms: {stage: ms}, status, garment, width, height, error}: `start` is when the camera captured the frame, `shown`
 * when it was handed to the screen, `total` the time between (NaN where the start is not known); `error` ms is the clock's. Stages that are not
 * known are left out; those that are follow one another from `start` without gaps.
 */
export function timeline({ number, sent, report, metadata, now, late, laid = null }) {
  const handed = metadata.presentationTime ?? now;
  const shown = laid === null ? handed : Math.max(laid, handed);
  const ms = {};
  if (sent) Object.assign(ms, { capture: sent.arrived - sent.captured, marker: sent.done - sent.arrived });
  const clock = report?.at && report.clock;
  if (clock) {
    const at = Object.fromEntries(Object.entries(report.at).map(([name, time]) => [name, time - clock.offset]));
    if (sent) Object.assign(ms, travel(at.arrived - sent.done, late));
    Object.assign(ms, onServer(at, report.ms), backHome(at.sent, handed, metadata, late));
  }
  if (laid !== null) ms.lay = shown - handed;
  const display = metadata.expectedDisplayTime - shown;
  if (display >= 0) ms.display = display;
  const start = sent ? sent.captured : NaN;
  return {
    number,
    rtp: metadata.rtpTimestamp ?? report?.rtp ?? null,
    start,
    shown,
    total: shown - start,
    ms,
    status: report?.status ?? null,
    garment: report?.garment ?? null,
    width: metadata.width,
    height: metadata.height,
    error: clock ? clock.error : null,
  };
}

/** From the marker to the server: what the encoder and the pacer take by getStats; the rest is the network's. */
function travel(span, late) {
  const encode = within(late?.encode, span);
  const pacer = within(late?.pacer, span - encode);
  return { page_encode: encode, pacer, up: span - encode - pacer };
}

/** A mean that may be unknown, as a part of a time. */
function within(mean, span) {
  return Number.isFinite(mean) ? Math.max(0, Math.min(mean, span)) : 0;
}

function onServer(at, spans) {
  const ms = { gather: at.complete - at.arrived, decode: at.decoded - at.complete, wait: at.taken - at.decoded };
  let known = 0;
  for (const key of SERVER_STAGES) {
    if (spans[key] === undefined) continue;
    ms[key] = spans[key];
    known += spans[key];
  }
  ms.rest = Math.max(0, at.ready - at.taken - known);
  ms.out = spans.out ?? 0;
  ms.encode = spans.encode ?? 0;
  ms.send = Math.max(0, at.sent - at.ready - ms.out - ms.encode);
  return ms;
}

/** From the server to the screen: by the frame's own times, else by getStats' means. */
function backHome(sent, shown, { receiveTime, processingDuration }, late) {
  if (receiveTime === undefined) {
    const decode = within(late?.decode, shown - sent);
    const jitter = within(late?.jitterBuffer, shown - sent - decode);
    return { down: shown - sent - decode - jitter, jitter, page_decode: decode };
  }
  const decode = within((processingDuration ?? late?.decode / 1000) * 1000, shown - receiveTime);
  return { down: receiveTime - sent, jitter: shown - receiveTime - decode, page_decode: decode };
}
