// A number in a picture's pixels; the same as streamer/marker.py, which says why it is as it is.

const SYNC = 0b1010;
const COLUMNS = 24;
const ROWS = 4;
const DARK = 50;
const LIGHT = 200;
const MIDDLE = (DARK + LIGHT) / 2;
const ACROSS = 40; // blocks in a picture's width
const DOWN = 60; // and in its height
const PLACES = [0.3, 0.4, 0.55, 0.65]; // where a block is looked at

export const NUMBERS = 1 << 16;

/** The 24 bits that stand for a number, 0..65535, the first one highest. */
export function pattern(number) {
  return SYNC * (1 << 20) + number * 16 + check(number);
}

function check(number) {
  return ((number ^ (number >> 4) ^ (number >> 8) ^ (number >> 12)) & 15) ^ 15;
}

/** The part of a picture the marker covers, even in px: {width, height}. */
export function extent(width, height) {
  const even = (length) => 2 * Math.ceil(length / 2);
  return { width: even((width * COLUMNS) / ACROSS), height: even((height * ROWS) / DOWN) };
}

/** Calls fill(x, y, width, height, light) for every block of a picture of this size, in px. */
export function drawBlocks(number, width, height, fill) {
  const bits = pattern(number);
  const bottom = Math.round((height * ROWS) / DOWN);
  for (let column = 0; column < COLUMNS; column += 1) {
    const left = Math.round((width * column) / ACROSS);
    fill(left, 0, Math.round((width * (column + 1)) / ACROSS) - left, bottom, (bits >> (COLUMNS - 1 - column)) & 1 ? LIGHT : DARK);
  }
}

/** Draws into planes as VideoFrame.copyTo lays them out, in place. `format`: I420, I420A or NV12. */
export function drawPlanes(pixels, layout, format, number, width, height) {
  const [luma, ...chroma] = layout;
  drawBlocks(number, width, height, (x, y, across, down, light) => {
    for (let row = y; row < y + down; row += 1) {
      const start = luma.offset + row * luma.stride + x;
      pixels.fill(light, start, start + across);
    }
  });
  const covered = extent(width, height);
  const bytes = format === 'NV12' ? covered.width : covered.width / 2;
  for (const { offset, stride } of chroma.slice(0, format === 'NV12' ? 1 : 2)) {
    for (let row = 0; row < covered.height / 2; row += 1) pixels.fill(128, offset + row * stride, offset + row * stride + bytes);
  }
}

/** The number on a picture of this size, or null; `brightness(x, y)` is asked for pixels. The majority of the four rows counts. */
export function read(width, height, brightness) {
  let value = 0;
  for (let column = 0; column < COLUMNS; column += 1) {
    let votes = 0;
    for (let row = 0; row < ROWS; row += 1) votes += blockMean(width, height, column, row, brightness) > MIDDLE;
    if (votes * 2 === ROWS) return null;
    value = value * 2 + (votes * 2 > ROWS);
  }
  const number = (value >> 4) & 0xffff;
  return value === pattern(number) ? number : null;
}

function blockMean(width, height, column, row, brightness) {
  let sum = 0;
  for (const down of PLACES) {
    const y = Math.floor(((row + down) * height) / DOWN);
    for (const across of PLACES) sum += brightness(Math.floor(((column + across) * width) / ACROSS), y);
  }
  return sum / (PLACES.length * PLACES.length);
}
