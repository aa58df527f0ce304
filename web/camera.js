// The shopper's camera: opens it, turns the browser's errors into states of the page, and notices when it goes away.

// A server on two CPU cores dresses every frame of this size, and not of 1280x720: smooth goes before sharp. ?camera=1280x720 asks for more.
const WANTED = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } };
const MUTED_MS = 1000; // a camera starts muted on some phones; only a lasting mute is another app's doing

/** What to ask a camera for: `text` is like "1280x720" or "1280x720@15"; anything else asks for the usual. */
export function sizeAsked(text) {
  const [, width, height, rate] = /^(\d{2,4})x(\d{2,4})(?:@(\d{1,3}))?$/.exec(text ?? '') ?? [];
  return width ? { width: { ideal: +width }, height: { ideal: +height }, frameRate: { ideal: +(rate ?? 30) } } : WANTED;
}

/** Why there is no picture: `state` is one of words.js. */
export class CameraError extends Error {
  constructor(state, cause) {
    super(state, { cause });
    this.state = state;
  }
}

export class Camera {
  #on;
  #size;
  #track = null;
  #wanted = { facingMode: { ideal: 'user' } };
  #devices = [];
  #muteTimer = null;
  #turn = 0;

  /** `on` holds the callbacks: lost() when the track ended by itself; paused(boolean) when the system holds the picture back. */
  constructor(on, size = WANTED) {
    this.#on = on;
    this.#size = size;
  }

  get track() {
    return this.#track;
  }

  /** True where a second camera can be switched to. */
  get canSwitch() {
    return this.#devices.length > 1;
  }

  /** 'user' or 'environment'. A webcam that does not say faces the user. */
  get facing() {
    const { facingMode } = this.#track?.getSettings() ?? {};
    if (facingMode) return facingMode === 'environment' ? 'environment' : 'user';
    return /back|rear|environment/i.test(this.#track?.label ?? '') ? 'environment' : 'user';
  }

  /** Opens the camera (again) and returns its track; null when another call has overtaken this one. Throws CameraError. */
  async open() {
    const turn = ++this.#turn;
    this.#release(); // many phones cannot open a second camera beside the first
    const track = await request({ ...this.#size, ...this.#wanted }, this.#wanted);
    if (turn !== this.#turn) {
      track.stop();
      return null;
    }
    this.#watch(track);
    this.#devices = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === 'videoinput');
    return track;
  }

  /** Opens the next camera: the other side of a phone, the next webcam of a computer. */
  async next() {
    const { facingMode, deviceId } = this.#track?.getSettings() ?? {};
    if (facingMode) {
      this.#wanted = { facingMode: { ideal: facingMode === 'environment' ? 'user' : 'environment' } };
    } else {
      const at = this.#devices.findIndex((device) => device.deviceId === deviceId);
      this.#wanted = { deviceId: { exact: this.#devices[(at + 1) % this.#devices.length].deviceId } };
    }
    return this.open();
  }

  stop() {
    this.#turn += 1;
    this.#release();
  }

  #watch(track) {
    this.#track = track;
    if ('contentHint' in track) track.contentHint = 'motion';
    track.onended = () => this.#on.lost();
    track.onmute = () => {
      clearTimeout(this.#muteTimer);
      this.#muteTimer = setTimeout(() => this.#on.paused(true), MUTED_MS);
    };
    track.onunmute = () => {
      clearTimeout(this.#muteTimer);
      this.#on.paused(false);
    };
    if (track.muted) track.onmute();
  }

  #release() {
    clearTimeout(this.#muteTimer);
    if (!this.#track) return;
    this.#track.onended = this.#track.onmute = this.#track.onunmute = null;
    this.#track.stop();
    this.#track = null;
  }
}

async function request(best, wanted) {
  const attempts = [best, wanted, true]; // a camera that cannot do what is wanted is better than none
  for (const [index, video] of attempts.entries()) {
    try {
      return (await navigator.mediaDevices.getUserMedia({ video, audio: false })).getVideoTracks()[0];
    } catch (error) {
      if (error.name !== 'OverconstrainedError' || index === attempts.length - 1) throw new CameraError(stateOf(error), error);
    }
  }
}

function stateOf({ name, message }) {
  if (name === 'NotAllowedError' || name === 'SecurityError') return /system/i.test(message) ? 'denied-by-system' : 'denied';
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'no-camera';
  if (name === 'NotReadableError' || name === 'AbortError') return 'busy';
  return 'camera-failed';
}
