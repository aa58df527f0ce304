// Watches what a <video> shows: each frame's number in the pixels, and what the browser knows of the frame.

import { extent, read } from './marker.js';

/** Whether this browser tells of each frame shown. Without it there is nothing to measure by. */
export function canWatch(scope = window) {
  return Boolean(scope.HTMLVideoElement?.prototype.requestVideoFrameCallback);
}

/**
 * Calls shown(number | null, metadata, now) for each frame `video` shows until `stop()`: {stop}. The number is read from the pixels, where `marked`.
 * `cost(ms)` is told the time it took in this thread.
 */
export function watchVideo(video, { marked, shown, cost = () => {} }) {
  const look = marked ? (window.VideoFrame ? (shownNow) => fromFrame(shownNow, cost) : fromCanvas()) : () => null;
  let handle = video.requestVideoFrameCallback(function next(now, metadata) {
    handle = video.requestVideoFrameCallback(next);
    const start = performance.now();
    const answer = look(video);
    cost(performance.now() - start);
    if (answer instanceof Promise) answer.then((number) => shown(number, metadata, now));
    else shown(answer, metadata, now);
  });
  return { stop: () => video.cancelVideoFrameCallback(handle) };
}

/** Copies the strip with the marker out of the frame, as it came from the decoder. */
async function fromFrame(video, cost) {
  let frame;
  try {
    frame = new VideoFrame(video);
    const { width, height } = frame.visibleRect;
    const rect = { x: 0, y: 0, ...extent(width, height) };
    if (frame.format === null) return fallback(video);
    const pixels = new Uint8Array(frame.allocationSize({ rect }));
    const [{ offset, stride }] = await frame.copyTo(pixels, { rect });
    const step = /^(RGB|BGR)/.test(frame.format) ? 4 : 1; // of colours green will do: the marker is grey
    const green = step === 4 ? 1 : 0;
    const start = performance.now();
    const number = read(width, height, (x, y) => pixels[offset + y * stride + x * step + green]);
    cost(performance.now() - start);
    return number;
  } catch (error) {
    console.debug('a frame could not be read', error); // the picture has just changed or ended
    return null;
  } finally {
    frame?.close();
  }
}

let spare = null;
const fallback = (video) => (spare ??= fromCanvas())(video);

/** For browsers that do not hand out frames, and for frames that are on the graphics card only. */
function fromCanvas() {
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d', { willReadFrequently: true });
  return (video) => {
    const { videoWidth, videoHeight } = video;
    const { width, height } = extent(videoWidth, videoHeight);
    if (!width || !height) return null;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    context.drawImage(video, 0, 0, width, height, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    return read(videoWidth, videoHeight, (x, y) => data[4 * (y * width + x) + 1]);
  };
}
