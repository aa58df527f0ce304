// The picture on the canvas: the photo, dim where it is cut away; zoomed and moved; tools draw on it and take the pointer.
// It knows pixels of the picture and of the screen, and a tool; nothing of garments.

const AIR = 18; // px around the picture
const DIM = 0.22;

export class Easel {
  #canvas;
  #context;
  #photo = null;
  #cut = null;
  #tool = null;
  #pointers = new Map();
  #gesture = null;
  #queued = false;
  #free = { left: 0, top: 0, right: 0, bottom: 0 };
  mask = null; // a canvas: its alpha is the outline
  scale = 1; // screen px a picture px
  x = 0; // where the picture's corner is, in screen px
  y = 0;

  constructor(canvas) {
    this.#canvas = canvas;
    this.#context = canvas.getContext('2d');
    new ResizeObserver(() => this.fit()).observe(canvas);
    canvas.addEventListener('pointerdown', (event) => this.#down(event));
    canvas.addEventListener('pointermove', (event) => this.#move(event));
    for (const end of ['pointerup', 'pointercancel']) canvas.addEventListener(end, (event) => this.#up(event));
    canvas.addEventListener('wheel', (event) => this.#wheel(event), { passive: false });
    canvas.addEventListener('dblclick', () => this.fit());
  }

  /** `photo`: what is under the mask; `cutout`: an image whose alpha the mask starts with. Both of the picture's size. */
  show(photo, cutout) {
    this.#photo = photo;
    [this.mask, this.#cut] = [0, 1].map(() => Object.assign(document.createElement('canvas'), { width: cutout.width, height: cutout.height }));
    this.mask.getContext('2d', { willReadFrequently: true }).drawImage(cutout, 0, 0);
    this.repaint();
    this.fit();
  }

  clear() {
    this.#photo = this.mask = this.#cut = null;
    this.draw();
  }

  /** `tool`: {down(point), move(point), up(point), draw(context, easel)}; points are {x, y} in picture px. */
  set tool(tool) {
    this.#tool = tool;
    this.draw();
  }

  /** Takes over what changed of the mask in this rectangle of the picture. */
  repaint(x = 0, y = 0, width = this.mask.width, height = this.mask.height) {
    const context = this.#cut.getContext('2d');
    context.save();
    context.beginPath();
    context.rect(x, y, width, height);
    context.clip();
    context.clearRect(x, y, width, height);
    context.drawImage(this.#photo, 0, 0);
    context.globalCompositeOperation = 'destination-in';
    context.drawImage(this.mask, 0, 0);
    context.restore();
    this.draw();
  }

  /** Makes the whole picture visible. */
  fit() {
    const { clientWidth, clientHeight } = this.#canvas;
    const ratio = window.devicePixelRatio;
    this.#canvas.width = Math.round(clientWidth * ratio);
    this.#canvas.height = Math.round(clientHeight * ratio);
    if (!this.mask) return;
    const style = getComputedStyle(this.#canvas);
    const [top, bottom] = ['--above', '--below'].map((name) => parseFloat(style.getPropertyValue(name)) || 0);
    this.#free = { top, bottom };
    const height = clientHeight - top - bottom;
    this.scale = Math.min((clientWidth - 2 * AIR) / this.mask.width, (height - 2 * AIR) / this.mask.height);
    this.x = (clientWidth - this.scale * this.mask.width) / 2;
    this.y = top + (height - this.scale * this.mask.height) / 2;
    this.draw();
  }

  /** Draws at the next refresh. */
  draw() {
    if (this.#queued) return;
    this.#queued = true;
    requestAnimationFrame(() => {
      this.#queued = false;
      this.#paint();
    });
  }

  /** Where a point of the picture is on the screen. */
  toScreen({ x, y }) {
    return { x: this.x + x * this.scale, y: this.y + y * this.scale };
  }

  /** A round magnifier over a point of the picture, out of the finger's way. */
  magnify(context, point, times = 3, radius = 58) {
    const at = this.toScreen(point);
    const x = Math.min(Math.max(at.x, radius + 8), this.#canvas.clientWidth - radius - 8);
    const above = at.y - radius - 52;
    const y = above > radius + 8 ? above : at.y + radius + 52;
    context.save();
    context.beginPath();
    context.arc(x, y, radius, 0, 7);
    context.fillStyle = '#0b0b0e';
    context.fill();
    context.save();
    context.clip();
    context.translate(x, y);
    context.scale(this.scale * times, this.scale * times);
    context.translate(-point.x, -point.y);
    this.#picture(context);
    context.restore();
    context.lineWidth = 2.5;
    context.strokeStyle = '#f6f2ea';
    context.stroke();
    context.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.moveTo(x + 5 * dx, y + 5 * dy);
      context.lineTo(x + 16 * dx, y + 16 * dy);
    }
    context.lineWidth = 1.5;
    context.stroke();
    context.restore();
  }

  #paint() {
    const context = this.#context;
    const ratio = window.devicePixelRatio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.#canvas.clientWidth, this.#canvas.clientHeight);
    if (!this.mask) return;
    context.save();
    context.translate(this.x, this.y);
    context.scale(this.scale, this.scale);
    this.#picture(context);
    context.restore();
    this.#tool?.draw(context, this);
  }

  #picture(context) {
    context.globalAlpha = DIM;
    context.drawImage(this.#photo, 0, 0);
    context.globalAlpha = 1;
    context.drawImage(this.#cut, 0, 0);
  }

  #point(event) {
    const box = this.#canvas.getBoundingClientRect();
    return { x: (event.clientX - box.left - this.x) / this.scale, y: (event.clientY - box.top - this.y) / this.scale, touch: event.pointerType === 'touch' };
  }

  #down(event) {
    if (!this.mask) return;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, event);
    if (this.#pointers.size === 2) {
      this.#tool?.cancel();
      this.#gesture = this.#fingers();
    } else if (this.#pointers.size === 1 && event.button === 0) this.#tool?.down(this.#point(event));
    this.draw();
  }

  #move(event) {
    if (!this.#pointers.has(event.pointerId)) return;
    this.#pointers.set(event.pointerId, event);
    if (this.#gesture) {
      const now = this.#fingers();
      this.#zoom(now.distance / this.#gesture.distance, this.#gesture.x, this.#gesture.y);
      this.x += now.x - this.#gesture.x;
      this.y += now.y - this.#gesture.y;
      this.#gesture = now;
    } else {
      for (const each of event.getCoalescedEvents?.().length ? event.getCoalescedEvents() : [event]) this.#tool?.move(this.#point(each));
    }
    this.draw();
  }

  #up(event) {
    if (!this.#pointers.delete(event.pointerId)) return;
    if (this.#gesture) this.#gesture = this.#pointers.size ? this.#gesture : null;
    else this.#tool?.up(this.#point(event));
    this.draw();
  }

  #fingers() {
    const [one, two] = [...this.#pointers.values()];
    const box = this.#canvas.getBoundingClientRect();
    return {
      x: (one.clientX + two.clientX) / 2 - box.left,
      y: (one.clientY + two.clientY) / 2 - box.top,
      distance: Math.max(20, Math.hypot(one.clientX - two.clientX, one.clientY - two.clientY)),
    };
  }

  #wheel(event) {
    event.preventDefault();
    if (this.mask) this.#zoom(Math.exp(-event.deltaY / 400), event.offsetX, event.offsetY);
    this.draw();
  }

  #zoom(times, x, y) {
    const limited = Math.min(Math.max(this.scale * times, 0.05), 12) / this.scale;
    this.scale *= limited;
    this.x = x + (this.x - x) * limited;
    this.y = y + (this.y - y) * limited;
  }
}
