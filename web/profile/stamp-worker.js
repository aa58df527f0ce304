// Puts a number into every frame on its way from the camera to the encoder, away from the page's own thread.

import { NUMBERS, drawBlocks, drawPlanes } from './marker.js';

const PLANES = ['I420', 'I420A', 'NV12'];
let number = 0;
let page = 0; // the page's timeOrigin: its times and ours are told on one clock

onmessage = ({ data: { readable, writable, first, timeOrigin } }) => {
  number = first;
  page = timeOrigin;
  readable.pipeThrough(new TransformStream({ transform: stamp })).pipeTo(writable).catch((error) => postMessage({ ended: String(error) }));
};

const now = () => performance.timeOrigin + performance.now() - page;

async function stamp(frame, controller) {
  const arrived = now();
  const { timestamp } = frame;
  let stamped;
  try {
    stamped = PLANES.includes(frame.format) && !frame.rotation && !frame.flip ? await inPlanes(frame) : onCanvas(frame);
  } finally {
    frame.close();
  }
  controller.enqueue(stamped);
  postMessage({ number, timestamp, arrived, done: now() });
  number = (number + 1) % NUMBERS;
}

/** The luma is written where it is: no colour conversion, no loss. */
async function inPlanes(frame) {
  const { format, timestamp, visibleRect, colorSpace } = frame;
  const { width, height } = visibleRect;
  const pixels = new Uint8Array(frame.allocationSize());
  const layout = await frame.copyTo(pixels);
  drawPlanes(pixels, layout, format, number, width, height);
  return new VideoFrame(pixels, { format, timestamp, codedWidth: width, codedHeight: height, layout, colorSpace, transfer: [pixels.buffer] });
}

/** For frames that are in RGB, on the graphics card only, or turned: the encoder turns them, and the marker would be turned, too. */
function onCanvas(frame) {
  const { displayWidth: width, displayHeight: height, timestamp } = frame;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  context.drawImage(frame, 0, 0);
  drawBlocks(number, width, height, (x, y, across, down, light) => {
    context.fillStyle = `rgb(${light} ${light} ${light})`;
    context.fillRect(x, y, across, down);
  });
  return new VideoFrame(canvas, { timestamp, alpha: 'discard' });
}
