// Receives the shopper's dressed picture: a peer connection that is made again when it fails. It knows nothing about the page.

const AGAIN_MS = 1500;

export class Viewer {
  #send;
  #show;
  #peer = null;
  #retry = null;
  #servers = [];

  /** `send(message)` goes to the server; `show(track)` gets the picture. */
  constructor(send, show) {
    this.#send = send;
    this.#show = show;
  }

  get running() {
    return this.#peer !== null;
  }

  async start(iceServers) {
    this.stop();
    this.#servers = iceServers;
    const peer = (this.#peer = new RTCPeerConnection({ iceServers, bundlePolicy: 'max-bundle' }));
    const early = []; // candidates found before the offer is on its way: the server wants the offer first
    peer.onicecandidate = ({ candidate }) => early.push(candidate);
    peer.ontrack = ({ receiver, track }) => {
      if ('jitterBufferTarget' in receiver) receiver.jitterBufferTarget = 0;
      this.#show(track);
    };
    peer.onconnectionstatechange = () => {
      if (['failed', 'disconnected'].includes(peer.connectionState)) this.#again();
    };
    peer.addTransceiver('video', { direction: 'recvonly' });
    await peer.setLocalDescription(await peer.createOffer());
    if (peer !== this.#peer) return;
    const tell = (candidate) => this.#send({ type: 'candidate', candidate: candidate?.toJSON() ?? null });
    this.#send({ type: 'offer', sdp: peer.localDescription.sdp });
    peer.onicecandidate = ({ candidate }) => tell(candidate);
    early.forEach(tell);
  }

  async answer(sdp) {
    if (this.#peer?.signalingState === 'have-local-offer') await this.#peer.setRemoteDescription({ type: 'answer', sdp });
  }

  stop() {
    clearTimeout(this.#retry);
    if (!this.#peer) return;
    this.#peer.ontrack = this.#peer.onicecandidate = this.#peer.onconnectionstatechange = null;
    this.#peer.close();
    this.#peer = null;
  }

  #again() {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.start(this.#servers), AGAIN_MS);
  }
}
