// How sharp the shown picture is beside the camera's own: the share of its fine detail that is left.

const SIZE = 128; // px of the part that is looked at, at the camera’s own resolution
const ACROSS = 0.5; // where its middle is: a head and what is behind it, which no garment covers
const DOWN = 0.2;

export class Sharpness {
  #context = Object.assign(document.createElement('canvas'), { width: SIZE, height: SIZE }).getContext('2d', { willReadFrequently: true });

  /** The detail of `shown` over that of `own`, each a <video> or a <canvas> of one scene; NaN while either shows nothing. */
  of(shown, own) {
    const [, height] = sizeOf(own);
    return this.#detail(shown, height) / this.#detail(own, height);
  }

  /** The variance of the Laplacian of the luma, as if the picture were `height` px high. */
  #detail(picture, height) {
    const [wide, high] = sizeOf(picture);
    if (!wide || !height) return NaN;
    const side = (SIZE * high) / height; // a smaller picture is enlarged to the camera's size, as it is on the screen
    this.#context.drawImage(picture, wide * ACROSS - side / 2, Math.max(0, high * DOWN - side / 2), side, side, 0, 0, SIZE, SIZE);
    return laplacian(this.#context.getImageData(0, 0, SIZE, SIZE).data);
  }
}

function sizeOf({ videoWidth, videoHeight, width, height }) {
  return [videoWidth ?? width, videoHeight ?? height];
}

/** Variance of the Laplacian of RGBA pixels of SIZE x SIZE; green stands for the luma. */
function laplacian(pixels) {
  let sum = 0;
  let squares = 0;
  const row = 4 * SIZE;
  for (let y = 1; y < SIZE - 1; y += 1) {
    for (let at = y * row + 5, end = (y + 1) * row - 4; at < end; at += 4) {
      const value = 4 * pixels[at] - pixels[at - 4] - pixels[at + 4] - pixels[at - row] - pixels[at + row];
      sum += value;
      squares += value * value;
    }
  }
  const count = (SIZE - 2) ** 2;
  return squares / count - (sum / count) ** 2;
}
