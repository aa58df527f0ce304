// The mirror with the page's own camera picture as its background: keeps the camera's frames until the garment that was drawn for each comes back.
// Which frame that is, RTP timestamps say: they follow the camera's capture times, and the server tells by how much (streamer/rtc/capture.py).

import { canLayer, Layers, partsOf } from './layers.js';

const NEAR_MS = 40; // a frame this far from the right one is better than none
const SAME_MS = 8; // and this far it is the right one: clocks are rounded
const MOST_UNPLACED = 90; // returned frames in a row without their camera frame until this is given up: the server's report may take a while,
const MOST_LACKING = 20; // and the first frames of a camera lack what later ones have

/** What this browser lacks for it, in words, or null. */
export function missingForOverlay() {
  if (!window.HTMLVideoElement?.prototype.requestVideoFrameCallback) return 'requestVideoFrameCallback';
  return canLayer() ? null : 'WebGL 2';
}

export class Overlay {
  #videos;
  #on;
  #layers;
  #handles = {};
  #tie = null; // {rtp, captured}: a returned frame's timestamp, and when on this page's clock its camera frame was captured
  #lag = null; // ms from a camera frame's own timestamp to this page's clock
  #size = null; // the camera's
  #unplaced = 0; // returned frames in a row
  #lacking = null; // what they or the camera's frames came without
  #ended = false;

  /** Frames drawn over their own camera frame, over a neighbour of it, and not at all. */
  counts = { exact: 0, near: 0, missed: 0 };

  /**
   * `canvas` shows it; `videos` {local, view} play the camera's picture and what comes back. `on`: drawn({captured, metadata, now, done, cost}) ms
   * on this page's clock, and failed(what) when this browser turns out to lack something: a sentence's end.
   */
  constructor(canvas, videos, on) {
    [this.#videos, this.#on] = [videos, on];
    this.#layers = new Layers(canvas);
    canvas.addEventListener('webglcontextlost', () => this.#fail('the graphics card has let go of the picture'), { once: true });
    this.#follow('local', (frame, ...more) => this.#keep(frame, ...more));
    this.#follow('view', (frame, ...more) => this.#draw(frame, ...more));
  }

  /** Takes a server's message on a returned frame. */
  heard({ rtp, captured }) {
    if (Number.isFinite(captured)) this.#tie = { rtp, captured: captured - performance.timeOrigin };
  }

  /** Another connection or another camera: nothing that was known holds. */
  reset() {
    this.#tie = this.#lag = null;
    this.#unplaced = 0;
    this.#lacking = null;
    this.#layers.forget();
  }

  stop() {
    this.#ended = true;
    for (const [name, handle] of Object.entries(this.#handles)) this.#videos[name].cancelVideoFrameCallback(handle);
  }

  /** Calls take(frame, metadata, now) for each frame shown: a VideoFrame, because a <video> may be one further by now; else the <video>. */
  #follow(name, take) {
    const video = this.#videos[name];
    const next = (now, metadata) => {
      if (this.#ended) return;
      this.#handles[name] = video.requestVideoFrameCallback(next);
      let frame = video;
      try {
        if (window.VideoFrame) frame = new VideoFrame(video);
        take(frame, metadata, now);
      } catch (error) {
        if (error.name !== 'InvalidStateError') throw error; // the picture has just changed or ended
      } finally {
        frame.close?.();
      }
    };
    this.#handles[name] = video.requestVideoFrameCallback(next);
  }

  #keep(frame, { captureTime, mediaTime, width, height }) {
    if (captureTime === undefined) {
      this.#lacking = 'capture times of its camera’s frames';
      return;
    }
    if (this.#size?.join() !== [width, height].join()) this.#layers.forget();
    this.#size = [width, height];
    this.#lag = captureTime - mediaTime * 1000;
    this.#layers.keep(upright(frame, this.#videos.local), Number.isFinite(frame.timestamp) ? frame.timestamp / 1000 + this.#lag : captureTime);
  }

  #draw(frame, metadata, now) {
    const start = performance.now();
    const rtp = frame.metadata?.().rtpTimestamp ?? metadata.rtpTimestamp;
    if (rtp === undefined) return this.#wait('RTP timestamps of the frames it shows');
    const { width, height } = metadata;
    const parts = this.#size && partsOf(width, height, this.#size[0] / this.#size[1]);
    if (!this.#tie || !parts) return this.#wait();
    const captured = this.#tie.captured + ((rtp - this.#tie.rtp) | 0) / 90; // 32 bits that wrap
    const off = this.#layers.distance(captured);
    if (off > NEAR_MS) {
      this.counts.missed += 1;
      return this.#wait();
    }
    this.counts[off > SAME_MS ? 'near' : 'exact'] += 1;
    this.#unplaced = 0;
    this.#lacking = null;
    this.#layers.draw(frame, [width, height], parts, captured, this.#size);
    const done = performance.now();
    this.#on.drawn({ captured, metadata, now, done, cost: done - start });
  }

  #wait(lacking = this.#lacking) {
    this.#lacking = lacking;
    this.#unplaced += 1;
    if (this.#unplaced > (lacking ? MOST_LACKING : MOST_UNPLACED)) this.#fail(lacking ?? 'camera frames that can be told apart');
  }

  #fail(what) {
    if (this.#ended) return;
    this.stop();
    this.#on.failed(what);
  }
}

/** What can be drawn as it is shown: a turned camera's frames are turned by the <video> only. */
function upright(frame, video) {
  return frame.rotation || frame.flip ? video : frame;
}
