// The camera's track in, the same with a number in every frame out. In a worker where the browser can, else over a canvas.

import { NUMBERS, drawBlocks } from './marker.js';

const CANVAS_FPS = 30;

/** What this browser can do: 'worker', 'canvas' or null. */
export function stampingWay(scope = window) {
  if (scope.MediaStreamTrackProcessor && scope.MediaStreamTrackGenerator && scope.VideoFrame) return 'worker';
  const video = scope.HTMLVideoElement?.prototype;
  return scope.HTMLCanvasElement?.prototype.captureStream && video?.requestVideoFrameCallback ? 'canvas' : null;
}

/**
 * A stamper for a track, or null where the browser cannot: {track, stop()}. `stamped` is called with {number, timestamp, captured, arrived, done}:
 * ms on this page's clock, `timestamp` the frame's own in µs or null, `captured` the camera's capture time where it is known by now, else null.
 */
export function stampTrack(track, first, stamped, way = stampingWay()) {
  if (way === 'worker') return inWorker(track, first, stamped);
  return way === 'canvas' ? overCanvas(track, first, stamped) : null;
}

function inWorker(track, first, stamped) {
  const { readable } = new MediaStreamTrackProcessor({ track, maxBufferSize: 1 }); // the newest frame wins here, too
  const generator = new MediaStreamTrackGenerator({ kind: 'video' });
  const worker = new Worker('/static/profile/stamp-worker.js', { type: 'module' });
  worker.onmessage = ({ data }) => (data.ended ? console.debug('stamping has ended', data.ended) : stamped({ captured: null, ...data }));
  worker.onerror = (event) => console.warn('stamping failed', event.message);
  const { timeOrigin } = performance;
  worker.postMessage({ readable, writable: generator.writable, first, timeOrigin }, [readable, generator.writable]);
  return {
    track: generator,
    stop() {
      generator.stop();
      worker.terminate();
    },
  };
}

function overCanvas(track, first, stamped) {
  let number = first;
  const video = Object.assign(document.createElement('video'), { muted: true, playsInline: true, srcObject: new MediaStream([track]) });
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d', { alpha: false });
  const [drawn] = canvas.captureStream(CANVAS_FPS).getVideoTracks();
  let handle = video.requestVideoFrameCallback(function draw(now, { captureTime, presentationTime, width, height }) {
    handle = video.requestVideoFrameCallback(draw);
    const arrived = performance.now();
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    context.drawImage(video, 0, 0);
    drawBlocks(number, width, height, (x, y, across, down, light) => {
      context.fillStyle = `rgb(${light} ${light} ${light})`;
      context.fillRect(x, y, across, down);
    });
    stamped({ number, timestamp: null, captured: captureTime ?? presentationTime ?? now, arrived, done: performance.now() });
    number = (number + 1) % NUMBERS;
  });
  video.play().catch((error) => error.name === 'AbortError' || console.warn('the camera’s picture does not play', error));
  return {
    track: drawn,
    stop() {
      video.cancelVideoFrameCallback(handle);
      video.srcObject = null;
      drawn.stop();
    },
  };
}
