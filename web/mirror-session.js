// The mirror as one lasting thing: it keeps a Link alive, tries again when it is lost, and remembers the track and the garment.
// It never touches the page; the page never touches the peer connection.

import { Link } from './link.js';

const BACKOFF_MS = [100, 500, 1000, 2000];
const FULL_MS = 4000; // how often a full server is asked again
const PATIENCE = 3; // attempts that fail in a row before the shopper is told why

export class MirrorSession {
  #url;
  #on;
  #link = null;
  #track = null;
  #settings;
  #garment = null;
  #mirrored = false;
  #overlaid = false;
  #failures = 0;
  #wasLive = false;
  #timer = null;
  #running = false;

  /**
   * `on` holds the callbacks: state(name, more) with name connecting | live | reconnecting | unreachable | blocked | full (more: the place in
   * the queue, if there is one) | refused (more: the server's reason);
   * track(MediaStreamTrack) for the returned picture; garments(list), at first and when they have changed; wearing(message); keep(limit) and kept(message): consent.js; frame(message) for each returned frame; fault(sentence);
   * other(message) for anything else. `settings` go to every Link.
   */
  constructor(url, on, settings = {}) {
    this.#settings = settings;
    this.#url = url;
    this.#on = on;
  }

  /** Starts with this camera track, or with none yet (null). */
  start(track) {
    this.#running = true;
    this.#track = track;
    this.#failures = 0;
    this.#wasLive = false;
    this.#connect();
  }

  /** Ends the session and tells the server. */
  stop() {
    this.#running = false;
    clearTimeout(this.#timer);
    this.#link?.close();
    this.#link = null;
  }

  async replaceTrack(track) {
    this.#track = track;
    await this.#link?.replaceTrack(track);
  }

  /** Wears the garment with this id; null takes it off. */
  wear(id) {
    this.#garment = id;
    this.#link?.wear(id);
  }

  /** Asks what the shopper is wearing. Returns whether there is somebody to ask. */
  askWearing() {
    this.#link?.askWearing();
    return Boolean(this.#link);
  }

  /** Sends a message of the shopper's consent. */
  consent(message) {
    this.#link?.consent(message);
  }

  mirror(on) {
    this.#mirrored = on;
    this.#link?.mirror(on);
  }

  /** Whether only what was drawn is to come back, to be laid over the page's own picture. */
  overlay(on) {
    this.#overlaid = on;
    this.#link?.overlay(on);
  }

  /** The network or the page has come back: look at once instead of at the next tick. */
  wake() {
    if (!this.#running) return;
    if (this.#link) this.#link.doubt();
    else this.#connect();
  }

  /** Sends a control message; false where it cannot be sent now. */
  tell(message) {
    return this.#link?.tell(message) ?? false;
  }

  async stats() {
    return this.#link ? this.#link.stats() : null;
  }

  #connect() {
    clearTimeout(this.#timer);
    this.#on.state(this.#stateWhileTrying());
    this.#link = new Link(this.#url, this.#track, { ...this.#settings, garment: this.#garment, mirror: this.#mirrored, overlay: this.#overlaid }, {
      waiting: ({ place }) => this.#on.state('full', place),
      hello: ({ garments, keep }) => {
        this.#on.garments(garments);
        this.#on.keep?.(keep ?? 0);
      },
      garments: ({ garments }) => this.#on.garments(garments),
      wearing: (message) => this.#on.wearing?.(message),
      kept: (message) => this.#on.kept?.(message),
      track: (track) => this.#on.track(track),
      connected: () => this.#connected(),
      message: (message) => this.#heed(message),
      ended: (cause, message) => this.#lost(cause, message),
    });
  }

  #connected() {
    this.#failures = 0;
    this.#wasLive = true;
    this.#on.state('live');
  }

  #heed(message) {
    if (message.type === 'frame') this.#on.frame(message);
    else if (message.type === 'error') this.#on.fault(message.message);
    else this.#on.other?.(message);
  }

  #lost(cause, message) {
    this.#link = null;
    if (cause === 'refused' && message.reason !== 'full') {
      this.#running = false;
      this.#on.state('refused', message.reason);
      return;
    }
    const full = cause === 'refused';
    const wait = full ? FULL_MS : BACKOFF_MS[Math.min(this.#failures, BACKOFF_MS.length - 1)];
    this.#failures = full ? 0 : this.#failures + 1;
    this.#on.state(full ? 'full' : this.#stateWhileTrying(cause));
    this.#timer = setTimeout(() => this.#connect(), wait * (0.8 + 0.4 * Math.random())); // spread: all shoppers lose a server at once
  }

  #stateWhileTrying(cause = this.#cause) {
    this.#cause = cause;
    if (this.#failures >= PATIENCE) return cause === 'media' ? 'blocked' : 'unreachable';
    return this.#wasLive ? 'reconnecting' : 'connecting';
  }

  #cause = 'server';
}
