// The tool that drags a garment's landmarks.

import { pointName } from './words.js';

const NEAR = 30; // px on the screen
const LEFT = '#ffd08a';
const RIGHT = '#8fd3ff';
const MIDDLE = '#f6f2ea';

export class Points {
  #easel;
  #on;
  #held = null;
  marks = {}; // name: [x, y] in picture px
  unsure = new Set();
  chosen = null;

  /** `on`: {before(): something will change, named(sentence): what is pointed at}. */
  constructor(easel, on) {
    this.#easel = easel;
    this.#on = on;
  }

  down(point) {
    const name = this.#nearest(point);
    this.#choose(name);
    if (!name) return;
    const [x, y] = this.marks[name];
    this.#held = { x: x - point.x, y: y - point.y, moved: false }; // it stays where it is under the finger until that moves
  }

  move(point) {
    if (!this.#held) return;
    if (!this.#held.moved) this.#on.before();
    this.#held.moved = true;
    this.#put(point.x + this.#held.x, point.y + this.#held.y);
  }

  up() {
    this.#held = null;
  }

  cancel() {
    this.#held = null;
  }

  /** Moves the chosen point by so many pixels of the picture. */
  nudge(x, y) {
    if (!this.chosen) return;
    this.#on.before();
    this.#put(this.marks[this.chosen][0] + x, this.marks[this.chosen][1] + y);
    this.#easel.draw();
  }

  /** Chooses the next point, or the one before. */
  step(by) {
    const names = Object.keys(this.marks);
    this.#choose(names[(names.indexOf(this.chosen) + by + names.length) % names.length]);
    this.#easel.draw();
  }

  draw(context, easel) {
    const names = Object.keys(this.marks).sort((one, other) => (one === this.chosen) - (other === this.chosen)); // the chosen one on top
    for (const name of names) {
      const [x, y] = this.marks[name];
      const at = easel.toScreen({ x, y });
      const colour = name.includes('left') ? LEFT : name.includes('right') ? RIGHT : MIDDLE;
      const chosen = name === this.chosen;
      context.beginPath();
      context.arc(at.x, at.y, chosen ? 9 : 7, 0, 7);
      context.fillStyle = chosen ? colour : `${colour}cc`;
      context.shadowColor = 'rgb(0 0 0 / 70%)';
      context.shadowBlur = 5;
      context.fill();
      context.shadowBlur = 0;
      context.lineWidth = 2;
      context.strokeStyle = chosen ? '#fff' : '#17140f';
      context.stroke();
      if (!this.unsure.has(name)) continue;
      context.beginPath();
      context.arc(at.x, at.y, 14, 0, 7);
      context.setLineDash([4, 4]);
      context.strokeStyle = '#ffb4a3';
      context.stroke();
      context.setLineDash([]);
    }
    if (this.#held?.moved) easel.magnify(context, { x: this.marks[this.chosen][0], y: this.marks[this.chosen][1] });
  }

  #nearest(point) {
    const far = ([, [x, y]]) => Math.hypot(x - point.x, y - point.y) * this.#easel.scale;
    const best = Object.entries(this.marks).reduce((one, other) => (one && far(one) <= far(other) ? one : other), null);
    return best && far(best) < NEAR ? best[0] : null;
  }

  #choose(name) {
    this.chosen = name;
    this.#on.named(name ? pointName(name) : '');
  }

  #put(x, y) {
    const { width, height } = this.#easel.mask;
    this.marks[this.chosen] = [Math.min(Math.max(x, 0), width - 1), Math.min(Math.max(y, 0), height - 1)].map((value) => Math.round(value * 10) / 10);
    this.unsure.delete(this.chosen);
  }
}
