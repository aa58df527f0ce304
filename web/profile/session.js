// One measured run: camera, marker, mirror session, the server's clock, and the frames put together. Never touches the page but for its two videos.

import { Camera } from '../camera.js';
import { MirrorSession } from '../mirror-session.js';
import { missingForOverlay, Overlay } from '../overlay/overlay.js';
import { ServerClock } from './clock.js';
import { FrameBook } from './frames.js';
import { NUMBERS } from './marker.js';
import { canWatch, watchVideo } from './reader.js';
import { RtcStats } from './rtc-stats.js';
import { Sharpness } from './sharpness.js';
import { stampTrack } from './stamper.js';

const SAMPLE_MS = 1000;
const CLOCK_MS = 500;
const CLOCK_FIRST_MS = 60; // until the clock is known
const UNDER_WAY = 2; // frames that are stamped and not yet encoded, at most
const QUIET_MS = 3000; // frames are shown and nothing is said of them: the channel is gone

export class ProfileSession {
  #settings;
  #videos;
  #on;
  #cost;
  #camera;
  #mirror;
  #stamp = null;
  #number = Math.floor(Math.random() * NUMBERS); // so that an earlier run's frames are not taken for this one's
  #clock = new ServerClock();
  #stats = new RtcStats();
  #book;
  #late = null;
  #watches = [];
  #overlay = null;
  #laid = new Map(); // by rtp: when the page had laid a frame over its own picture
  #sharpness = new Sharpness();
  #timers = [];
  #heard = 0;
  #state = 'off';
  #before = {}; // the server's counts at the start of this connection
  #drops = { page_encoder: 0, network: 0, spared: 0, worker: 0, encoder: 0, page: 0, failed: 0 };
  #quality = null; // what the server gives this session for now: {height, fps, reason}
  #lost = 0; // packets of the returned picture
  #marked = 0;
  #ahead = 0; // frames stamped that the browser has not encoded

  /**
   * `videos` {local, view}, and the canvas `composed` for the garment alone. `on`: state(name), garments(list), frame(frame), sample(sample), event(what), fault(sentence).
   * `cost` (cost.js) is told what measuring takes.
   */
  constructor(settings, videos, on, cost) {
    [this.#settings, this.#videos, this.#on, this.#cost] = [settings, videos, on, cost];
    const [width, height] = settings.size;
    const size = { width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: 30 } };
    this.#camera = new Camera({ lost: () => this.#reopen(), paused: (on) => this.#on.event(on ? 'camera paused' : 'camera goes on') }, size);
    this.#book = new FrameBook((frame) => this.#on.frame(frame));
    const url = `${location.protocol.replace('http', 'ws')}//${location.host}/session`;
    this.#mirror = new MirrorSession(url, {
      state: (name) => this.#follow(name),
      track: (track) => this.#play(videos.view, track),
      garments: (list) => on.garments(list),
      frame: (message) => {
        this.#overlay?.heard(message);
        this.#cost.of(() => this.#report(message));
      },
      fault: (sentence) => on.fault(sentence),
      other: (message) => message.type === 'clock' && this.#time(message),
    }, { codec: settings.codec, greetings: [{ type: 'profile', on: true }] });
  }

  /** {offset, error} of the server's clock, or null. */
  get clock() {
    return this.#clock.estimate();
  }

  get mismatches() {
    return this.#book.mismatches;
  }

  /** Opens the camera and connects. Throws CameraError. */
  async start() {
    const track = await this.#camera.open();
    if (!track) return;
    this.#mirror.wear(this.#settings.garment);
    if (this.#settings.mode === 'overlay') this.#layOver();
    this.#mirror.start(this.#mark(track));
    this.#watch();
    this.#timers = [setInterval(() => this.#sample(), SAMPLE_MS), setInterval(() => this.#book.settle(performance.now()), SAMPLE_MS)];
    this.#ask();
  }

  stop() {
    for (const timer of this.#timers) clearInterval(timer);
    clearTimeout(this.#asking);
    for (const watch of this.#watches) watch.stop();
    this.#overlay?.stop();
    this.#mirror.stop();
    this.#stamp?.stop();
    this.#camera.stop();
    this.#videos.local.srcObject = this.#videos.view.srcObject = null;
  }

  wear(id) {
    this.#mirror.wear(id);
  }

  /** The page is shown again, or the network is back. */
  wake() {
    this.#book.forget();
    this.#mirror.wake();
  }

  async #reopen() {
    this.#on.event('camera lost');
    try {
      const track = await this.#camera.open();
      if (track) await this.#mirror.replaceTrack(this.#mark(track));
    } catch (error) {
      this.#on.fault(`The camera is gone (${error.state ?? error.message}).`);
    }
  }

  /** The track to send: with numbers in it where this browser can, and shown locally as it is sent. */
  #mark(track) {
    this.#stamp?.stop();
    this.#stamp = stampTrack(track, this.#number, (stamped) => {
      this.#number = (stamped.number + 1) % NUMBERS;
      this.#marked += 1;
      this.#cost.frame();
      this.#cost.of(() => this.#book.stamped(stamped));
    });
    const sent = this.#stamp?.track ?? track;
    this.#play(this.#videos.local, sent);
    return sent;
  }

  #play(video, track) {
    video.srcObject = new MediaStream([track]);
    video.play().catch((error) => error.name === 'AbortError' || console.warn('the picture does not play', error));
  }

  /** Before the videos are watched: a frame is laid over the camera's first, and timed then. */
  #layOver() {
    const failed = (lacking) => {
      this.#overlay = null;
      this.#mirror.overlay(false);
      this.#on.overlaid(false, `The whole picture is returned: this browser has no ${lacking}.`);
    };
    const lacking = missingForOverlay();
    if (lacking) return failed(lacking);
    const drawn = ({ metadata, done }) => {
      this.#laid.set(metadata.rtpTimestamp, done);
      if (this.#laid.size > 100) this.#laid.delete(this.#laid.keys().next().value);
    };
    this.#overlay = new Overlay(this.#videos.composed, this.#videos, { drawn, failed });
    this.#mirror.overlay(true);
    this.#on.overlaid(true);
  }

  #watch() {
    if (!canWatch()) return;
    const cost = (ms) => this.#cost.add(ms);
    const local = watchVideo(this.#videos.local, { marked: false, cost, shown: (number, metadata) => this.#book.shownLocally(metadata) });
    const view = watchVideo(this.#videos.view, {
      marked: this.#stamp !== null,
      cost,
      shown: (number, metadata, now) => {
        if (!this.#stamp) this.#cost.frame();
        const laid = this.#overlay ? this.#laid.get(metadata.rtpTimestamp) : null;
        if (laid !== undefined) this.#cost.of(() => this.#book.shown(number, metadata, now, this.#late, laid));
      },
    });
    this.#watches = [local, view];
  }

  #follow(state) {
    this.#state = state;
    this.#book.forget();
    this.#overlay?.reset();
    this.#before = {};
    this.#heard = performance.now();
    if (state === 'live') this.#clock = new ServerClock(); // another server, perhaps, and another clock
    this.#on.state(state);
  }

  #report(message) {
    this.#heard = performance.now();
    this.#quality = message.quality ?? null;
    for (const [cause, count] of Object.entries(message.drops ?? {})) {
      this.#before[cause] ??= count; // counted from when this connection began to measure
      this.#drops[cause] = (this.#drops[cause] ?? 0) + Math.max(0, count - this.#before[cause]);
      this.#before[cause] = count;
    }
    this.#book.reported(message, this.#clock.estimate());
  }

  // --- clock ----------------------------------------------------------------------------------------------------------

  #asking = null;

  #ask() {
    this.#mirror.tell({ type: 'clock', t: performance.now() });
    this.#asking = setTimeout(() => this.#ask(), this.#clock.estimate() ? CLOCK_MS : CLOCK_FIRST_MS);
  }

  #time({ t, received, sent }) {
    if (!this.#clock.heard({ asked: t, received, sent, heard: performance.now() })) return;
    this.#book.forget();
    this.#on.event('clock jumped');
  }

  // --- once a second ----------------------------------------------------------------------------------------------------

  async #sample() {
    const report = await this.#mirror.stats();
    const stats = report && this.#stats.next(report);
    const marked = this.#marked;
    this.#marked = 0;
    if (!stats) return;
    this.#late = stats.ms;
    this.#lost += stats.lost || 0;
    if (this.#stamp && this.#state === 'live' && Number.isFinite(stats.encoded)) this.#ahead += marked - stats.encoded;
    this.#drops.page_encoder = Math.max(this.#drops.page_encoder, this.#ahead - UNDER_WAY);
    this.#drops.page += Math.max(0, stats.dropped || 0);
    const shown = this.#overlay ? this.#videos.composed : this.#videos.view;
    const sharpness = this.#cost.of(() => this.#sharpness.of(shown, this.#videos.local));
    const overlay = this.#overlay && { ...this.#overlay.counts };
    const quiet = this.#state === 'live' && stats.down.fps > 0 && performance.now() - this.#heard > QUIET_MS;
    this.#on.sample({ ...stats, at: performance.now(), drops: { ...this.#drops }, cost: this.#cost.perFrame(), clock: this.clock, quality: this.#quality, lost: this.#lost, sharpness, overlay, quiet });
  }
}
