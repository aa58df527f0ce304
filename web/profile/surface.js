// A canvas that is sharp on every screen and has the page's colours, in light and dark.

export class Surface {
  #canvas;
  #draw;
  #box = { width: 0, height: 0 };

  /** `draw(context, width, height, colour)` in CSS px; `colour(name)` is the custom property --name. */
  constructor(canvas, draw) {
    this.#canvas = canvas;
    this.#draw = draw;
    new ResizeObserver(([{ contentRect }]) => {
      this.#box = contentRect;
      this.paint();
    }).observe(canvas);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.#colours.clear();
      this.paint();
    });
  }

  /** Draws now. */
  paint() {
    const { width, height } = this.#box;
    if (!width || !height) return;
    const scale = window.devicePixelRatio || 1;
    const across = Math.round(width * scale);
    const down = Math.round(height * scale);
    if (this.#canvas.width !== across || this.#canvas.height !== down) Object.assign(this.#canvas, { width: across, height: down });
    const context = this.#canvas.getContext('2d');
    context.setTransform(across / width, 0, 0, down / height, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = `12px ${this.#colour('font')}`;
    context.textBaseline = 'middle';
    this.#draw(context, width, height, (name) => this.#colour(name));
  }

  #colours = new Map();

  #colour(name) {
    if (!this.#colours.has(name)) this.#colours.set(name, getComputedStyle(this.#canvas).getPropertyValue(`--${name}`).trim());
    return this.#colours.get(name);
  }
}

/** Text at x, y; `align` left | center | right. */
export function write(context, text, x, y, colour, align = 'left') {
  context.fillStyle = colour;
  context.textAlign = align;
  context.fillText(text, x, y);
}

/** A thin line, sharp on the pixel grid. */
export function line(context, x1, y1, x2, y2, colour, dash = []) {
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.setLineDash(dash);
  context.beginPath();
  context.moveTo(Math.round(x1) + 0.5, Math.round(y1) + 0.5);
  context.lineTo(Math.round(x2) + 0.5, Math.round(y2) + 0.5);
  context.stroke();
  context.setLineDash([]);
}
