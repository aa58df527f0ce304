// Runs inside the page before its own scripts: watches which frame number each <video> shows and when, and what the server reports.
// Reading costs little: of each frame only the strip with the marker is copied.

(() => {
  const COLUMNS = 24, ROWS = 4, BLOCK = [16, 8], SYNC = 0b1010, MIDDLE = 125;
  const seen = { local: [], view: [], reports: [], unread: { local: 0, view: 0 }, tap: null, first: null, readMs: [] };
  const peers = [];

  /** The number on a frame's top edge, or null. Only the strip with the marker is copied, and of it only the luma is looked at. */
  async function readMarker(frame) {
    const { width, height } = frame.visibleRect;
    const cell = [Math.max((BLOCK[0] * width) / 640, (8 * width) / seen.width), (BLOCK[1] * height) / seen.height];
    const rect = { x: 0, y: 0, width: even(COLUMNS * cell[0]), height: even(ROWS * cell[1]) };
    const pixels = new Uint8Array(frame.allocationSize({ rect }));
    const [luma] = await frame.copyTo(pixels, { rect });
    let value = 0;
    for (let column = 0; column < COLUMNS; column += 1) {
      let votes = 0;
      for (let row = 0; row < ROWS; row += 1) votes += brightness(pixels, luma, column, row, cell) > MIDDLE;
      if (votes * 2 === ROWS) return null;
      value = value * 2 + (votes * 2 > ROWS ? 1 : 0);
    }
    const number = (value >> 4) & 0xffff;
    const check = ((number ^ (number >> 4) ^ (number >> 8) ^ (number >> 12)) & 15) ^ 15;
    return value >> 20 === SYNC && (value & 15) === check ? number : null;
  }

  function even(length) {
    return 2 * Math.round(length / 2);
  }

  /** Mean luma of the middle of a block. */
  function brightness(pixels, { offset, stride }, column, row, [width, height]) {
    let sum = 0, count = 0;
    for (let y = Math.round((row + 0.3) * height); y < (row + 0.7) * height; y += 1) {
      for (let x = Math.round((column + 0.3) * width); x < (column + 0.7) * width; x += 1, count += 1) sum += pixels[offset + y * stride + x];
    }
    return sum / count;
  }

  function watch(id) {
    const video = document.getElementById(id);
    const look = async (now, { presentationTime, expectedDisplayTime, presentedFrames }) => {
      video.requestVideoFrameCallback(look);
      const start = performance.now();
      // Laid over the page's own picture: that callback was asked for before this one, so it is done by now.
      const shown = id === 'view' && document.body.classList.contains('overlaid') ? start : presentationTime;
      const frame = new VideoFrame(video);
      const number = await readMarker(frame);
      frame.close();
      if (number === null) seen.unread[id] += 1;
      else seen[id].push([number, shown, expectedDisplayTime, now, presentedFrames]);
      seen.readMs.push(performance.now() - start);
    };
    video.requestVideoFrameCallback(look);
  }

  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...settings) {
      super(...settings);
      peers.push(this);
    }

    createDataChannel(...settings) {
      const channel = super.createDataChannel(...settings);
      channel.addEventListener('open', () => channel.send('{"type":"profile","on":true}')); // when frames arrived and were whole
      channel.addEventListener('message', ({ data }) => {
        const message = JSON.parse(data);
        if (message.type === 'frame') seen.reports.push(message);
      });
      return channel;
    }
  };

  document.addEventListener('DOMContentLoaded', () => {
    document.getElementById('start').addEventListener('click', () => { seen.tap = performance.now(); }, { capture: true });
    document.getElementById('view').addEventListener('loadeddata', () => { seen.first ??= performance.now(); });
  });

  globalThis.latency = {
    /** `width`, `height`: of the camera's picture, on which the marker was drawn. */
    begin([width, height]) {
      Object.assign(seen, { width, height });
      watch('local');
      watch('view');
    },
    clear() {
      for (const list of [seen.local, seen.view, seen.reports, seen.readMs]) list.length = 0;
      seen.unread = { local: 0, view: 0 };
    },
    take() {
      const taken = { ...seen };
      seen.local = [];
      seen.view = [];
      seen.reports = [];
      seen.readMs = [];
      return taken;
    },
    async stats() {
      const all = [...(await peers.at(-1).getStats()).values()];
      return Object.fromEntries(all.filter(({ type, kind }) => type.endsWith('bound-rtp') && kind === 'video').map((entry) => [entry.type, entry]));
    },
  };
})();
