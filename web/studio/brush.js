// The tool that paints the outline: what is kept, or what is erased.

export class Brush {
  #easel;
  #before;
  #last = null;
  #hover = null;
  #old = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  #box = null;
  erasing = false;
  size = 22; // radius in px on the screen

  /** `before(undo)`: a stroke was made; `undo()` takes it back. */
  constructor(easel, before) {
    this.#easel = easel;
    this.#before = before;
  }

  down(point) {
    const { mask } = this.#easel;
    Object.assign(this.#old.canvas, { width: mask.width, height: mask.height });
    this.#old.drawImage(mask, 0, 0);
    this.#box = null;
    this.#last = point;
    this.move(point);
  }

  move(point) {
    this.#hover = point;
    if (!this.#last) return;
    const radius = this.size / this.#easel.scale;
    const context = this.#easel.mask.getContext('2d');
    context.save();
    context.globalCompositeOperation = this.erasing ? 'destination-out' : 'source-over';
    context.lineCap = 'round';
    context.lineWidth = 2 * radius;
    context.beginPath();
    context.moveTo(this.#last.x, this.#last.y);
    context.lineTo(point.x, point.y + 0.01); // a line of no length has no end caps everywhere
    context.stroke();
    context.restore();
    const [left, right] = [this.#last.x, point.x].sort((a, b) => a - b);
    const [top, bottom] = [this.#last.y, point.y].sort((a, b) => a - b);
    this.#touch(left - radius - 2, top - radius - 2, right + radius + 2, bottom + radius + 2);
    this.#last = point;
  }

  up() {
    this.#hover = null;
    const undo = this.#finish();
    if (undo) this.#before(undo);
  }

  /** A second finger came: this was no stroke. */
  cancel() {
    this.#finish()?.();
  }

  draw(context, easel) {
    if (!this.#hover) return;
    const at = easel.toScreen(this.#hover);
    context.beginPath();
    context.arc(at.x, at.y, this.size, 0, 7);
    context.lineWidth = 2;
    context.strokeStyle = this.erasing ? '#ffb4a3' : '#ecd2a8';
    context.stroke();
    if (this.#hover.touch) easel.magnify(context, this.#hover, 2);
  }

  #touch(left, top, right, bottom) {
    const { width, height } = this.#easel.mask;
    const box = [Math.max(0, Math.floor(left)), Math.max(0, Math.floor(top)), Math.min(width, Math.ceil(right)), Math.min(height, Math.ceil(bottom))];
    if (box[2] <= box[0] || box[3] <= box[1]) return;
    this.#easel.repaint(box[0], box[1], box[2] - box[0], box[3] - box[1]);
    const old = this.#box ?? box;
    this.#box = [Math.min(old[0], box[0]), Math.min(old[1], box[1]), Math.max(old[2], box[2]), Math.max(old[3], box[3])];
  }

  #finish() {
    this.#last = null;
    if (!this.#box) return null;
    const [left, top, right, bottom] = this.#box;
    this.#box = null;
    const patch = this.#old.getImageData(left, top, right - left, bottom - top);
    return () => {
      this.#easel.mask.getContext('2d').putImageData(patch, left, top);
      this.#easel.repaint(left, top, right - left, bottom - top);
    };
  }
}

/** The mask's alpha as a PNG in base64. */
export async function maskAsBase64(mask) {
  const canvas = Object.assign(document.createElement('canvas'), { width: mask.width, height: mask.height });
  const context = canvas.getContext('2d');
  context.drawImage(mask, 0, 0);
  context.globalCompositeOperation = 'source-in'; // black: only the alpha matters
  context.fillRect(0, 0, mask.width, mask.height);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
  const url = await new Promise((resolve, reject) => {
    const reader = Object.assign(new FileReader(), { onload: () => resolve(reader.result), onerror: () => reject(reader.error) });
    reader.readAsDataURL(blob);
  });
  return url.slice(url.indexOf(',') + 1);
}
