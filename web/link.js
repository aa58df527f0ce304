// One connection to the server: a WebSocket for signalling, a peer connection for the picture, a data channel for control.
// It is used once and ends once; mirror-session.js makes the next one. It knows nothing about the page.

const PING_MS = 400;
const SILENCE_MS = 2000; // nothing heard for this long, neither here nor there: lost
const DOUBT_MS = 1000; // the same after the network has changed, or the page or the machine has slept
const OPEN_MS = 4000; // until the socket is open
const MEDIA_MS = 10000; // from the socket's opening to the connected peer
const INTERRUPTED_MS = 1500; // ICE may heal itself in this time
const LAYERS = [{ scalabilityMode: 'L1T2' }]; // no frame refers to every second one: the server goes on without it where it is lost

export class Link {
  #on;
  #track;
  #settings;
  #socket;
  #peer = null;
  #sender = null;
  #control = null;
  #clock = null;
  #opened = 0;
  #heard = 0;
  #checked = 0;
  #interrupted = 0;
  #ended = false;

  /**
   * `settings` {garment, mirror, overlay}: what the picture starts with; also {codec}: 'H264' or 'VP8' only, and {greetings}: messages that the control
   * channel opens with. `on` holds the callbacks: waiting(message), hello(message), garments(message), wearing(message), kept(message), track(MediaStreamTrack),
   * connected(), message(object from the control channel), ended(cause, message) with cause 'server' | 'media' | 'refused'.
   */
  constructor(url, track, settings, on) {
    this.#on = on;
    this.#track = track;
    this.#settings = { ...settings };
    this.#opened = this.#heard = this.#checked = performance.now();
    this.#socket = new WebSocket(url);
    this.#socket.onmessage = ({ data }) => this.#receive(JSON.parse(data)).catch((error) => this.#end('media', error));
    this.#socket.onclose = () => this.#end('server');
    this.#clock = setInterval(() => this.check(), PING_MS);
  }

  /** Sends another picture from now on; null sends none. */
  async replaceTrack(track) {
    this.#track = track;
    await this.#sender?.replaceTrack(track);
  }

  wear(id) {
    this.#settings.garment = id;
    this.tell({ type: 'garment', id });
  }

  /** Sends a message of the shopper's consent; the answers come to `kept`. */
  consent(message) {
    this.#send(message);
  }

  /** Asks what the shopper is wearing; the answer comes to `wearing`. */
  askWearing() {
    this.#send({ type: 'wearing' });
  }

  mirror(on) {
    this.#settings.mirror = on;
    this.tell({ type: 'mirror', on });
  }

  overlay(on) {
    this.#settings.overlay = on;
    this.tell({ type: 'overlay', on });
  }

  /** Sends a message over the control channel; false while it is not open. */
  tell(message) {
    if (this.#control?.readyState !== 'open') return false;
    this.#control.send(JSON.stringify(message));
    return true;
  }

  /** Says goodbye and ends, without a call to `ended`. */
  close() {
    this.#send({ type: 'bye' });
    this.#on = {};
    this.#end();
  }

  /** Pings, and ends a connection that has gone quiet. */
  check() {
    const now = performance.now();
    if (now - this.#checked > 4 * PING_MS) this.#allow(now, DOUBT_MS); // this page did not run: its silence proves nothing
    this.#checked = now;
    const connected = this.#peer?.connectionState === 'connected';
    const patience = this.#socket.readyState === WebSocket.CONNECTING ? OPEN_MS : SILENCE_MS;
    if (now - this.#heard > patience) this.#end('server');
    else if (!connected && this.#peer && !this.#interrupted && now - this.#opened > MEDIA_MS) this.#end('media');
    else if (this.#interrupted && now - this.#interrupted > INTERRUPTED_MS) this.#end('media');
    else this.#send({ type: 'ping', t: now });
  }

  /** The network has changed or the page is back: whoever is still there answers soon. */
  doubt() {
    this.#allow(performance.now(), DOUBT_MS);
    this.check();
  }

  /** From now on so much silence is allowed. */
  #allow(now, ms) {
    this.#heard = now - SILENCE_MS + ms;
  }

  /** The peer connection's statistics, or null while there is none. */
  async stats() {
    return this.#peer ? this.#peer.getStats() : null;
  }

  async #receive(message) {
    this.#heard = performance.now();
    if (message.type === 'hello') {
      this.#opened = this.#heard; // it may have waited for a place
      this.#on.hello?.(message);
      await this.#negotiate(message.iceServers ?? []);
    } else if (message.type === 'answer') {
      await this.#peer.setRemoteDescription({ type: 'answer', sdp: message.sdp });
    } else if (message.type === 'candidate') {
      await this.#peer?.addIceCandidate(message.candidate ?? undefined);
    } else if (message.type === 'waiting') {
      this.#on.waiting?.(message);
    } else if (['garments', 'wearing', 'kept'].includes(message.type)) {
      this.#on[message.type]?.(message);
    } else if (message.type === 'refused') {
      this.#end('refused', message);
    }
  }

  async #negotiate(iceServers) {
    const peer = (this.#peer = new RTCPeerConnection({ iceServers, bundlePolicy: 'max-bundle' }));
    const early = []; // candidates found before the offer is on its way: the server wants the offer first
    peer.onicecandidate = ({ candidate }) => early.push(candidate);
    peer.onconnectionstatechange = () => this.#follow(peer.connectionState);
    peer.ontrack = ({ receiver, track }) => {
      showAtOnce(receiver);
      this.#on.track?.(track);
    };
    this.#openControl(peer.createDataChannel('control'));
    const transceiver = peer.addTransceiver(this.#track ?? 'video', { direction: 'sendrecv', sendEncodings: LAYERS });
    const sender = (this.#sender = transceiver.sender);
    if (this.#settings.codec) useCodec(transceiver, this.#settings.codec);
    await peer.setLocalDescription(await peer.createOffer());
    this.#send({ type: 'offer', sdp: peer.localDescription.sdp, garment: this.#settings.garment });
    peer.onicecandidate = ({ candidate }) => this.#sendCandidate(candidate);
    early.forEach((candidate) => this.#sendCandidate(candidate));
    if (sender.track !== this.#track) await sender.replaceTrack(this.#track); // the camera was changed meanwhile
    await preferMotion(sender);
  }

  #sendCandidate(candidate) {
    this.#send({ type: 'candidate', candidate: candidate?.toJSON() ?? null });
  }

  #openControl(control) {
    this.#control = control;
    control.onopen = () => {
      this.tell({ type: 'garment', id: this.#settings.garment });
      this.tell({ type: 'mirror', on: this.#settings.mirror });
      if (this.#settings.overlay) this.tell({ type: 'overlay', on: true });
      for (const message of this.#settings.greetings ?? []) this.tell(message);
    };
    control.onclose = () => this.#end('media'); // without it no garment can be chosen
    control.onmessage = ({ data }) => {
      this.#heard = performance.now();
      this.#on.message?.(JSON.parse(data));
    };
  }

  #follow(state) {
    this.#interrupted = state === 'disconnected' ? performance.now() : 0;
    if (state === 'connected') this.#on.connected?.();
    if (state === 'failed') this.#end('media');
  }

  #send(message) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #end(cause, message) {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#clock);
    this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
    if (this.#control) this.#control.onopen = this.#control.onclose = this.#control.onmessage = null;
    if (this.#peer) {
      this.#peer.ontrack = this.#peer.onicecandidate = this.#peer.onconnectionstatechange = null;
      this.#peer.close();
    }
    this.#on.ended?.(cause, message);
  }
}

// A frame is shown when it arrives: a mirror would rather stutter once than be late always.
function showAtOnce(receiver) {
  if ('jitterBufferTarget' in receiver) receiver.jitterBufferTarget = 0;
  else if ('playoutDelayHint' in receiver) receiver.playoutDelayHint = 0;
}

function useCodec(transceiver, name) {
  const { codecs } = RTCRtpReceiver.getCapabilities('video');
  const wanted = codecs.filter(({ mimeType }) => [`video/${name}`.toLowerCase(), 'video/rtx'].includes(mimeType.toLowerCase()));
  transceiver.setCodecPreferences(wanted);
}

// On a weak network fewer pixels feel better than fewer frames. Not every browser has the setting; none needs it.
async function preferMotion(sender) {
  try {
    await sender.setParameters({ ...sender.getParameters(), degradationPreference: 'maintain-framerate' });
  } catch (error) {
    console.debug('degradationPreference is not supported here', error);
  }
}
