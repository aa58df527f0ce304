// The screen's lasting line to the server: a WebSocket that is opened again, for weeks if need be. It knows nothing about the page.

const PING_MS = 2000;
const SILENCE_MS = 7000; // nothing heard for so long: the line is dead, whatever the browser says
const BACKOFF_MS = [500, 1000, 2000, 4000, 8000];

export class Channel {
  #url;
  #on;
  #socket = null;
  #heard = 0;
  #failures = 0;
  #retry = null;
  #clock = null;

  /** `on`: open(), message(object), closed(code). */
  constructor(url, on) {
    this.#url = url;
    this.#on = on;
    this.#clock = setInterval(() => this.#check(), PING_MS);
    this.#connect();
  }

  send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  /** Ends it for good. */
  close() {
    clearInterval(this.#clock);
    clearTimeout(this.#retry);
    this.#on = { open() {}, message() {}, closed() {} };
    this.#socket?.close();
  }

  /** The network has come back: look at once. */
  wake() {
    if (this.#socket) this.#check();
    else this.#connect();
  }

  #connect() {
    clearTimeout(this.#retry);
    const socket = (this.#socket = new WebSocket(this.#url));
    this.#heard = performance.now();
    socket.onopen = () => this.#on.open();
    socket.onmessage = ({ data }) => {
      this.#heard = performance.now();
      const message = JSON.parse(data);
      if (message.type !== 'refused') this.#failures = 0;
      this.#on.message(message);
    };
    socket.onclose = ({ code }) => this.#lost(code);
  }

  #check() {
    if (!this.#socket) return;
    if (performance.now() - this.#heard > SILENCE_MS) this.#lost(0);
    else this.send({ type: 'ping', t: performance.now() });
  }

  #lost(code) {
    const socket = this.#socket;
    if (!socket) return;
    this.#socket = socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    const wait = BACKOFF_MS[Math.min(this.#failures, BACKOFF_MS.length - 1)];
    this.#failures += 1;
    this.#retry = setTimeout(() => this.#connect(), wait * (0.8 + 0.4 * Math.random()));
    this.#on.closed(code);
  }
}
