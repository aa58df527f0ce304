// Plots drawn as SVG: columns over time, bars of a ranking. Sizes are set as attributes: the page allows no inline style.

import { format } from './figures.js';

const SPACE = 'http://www.w3.org/2000/svg';
const [WIDTH, HEIGHT, LEFT, TOP, BOTTOM] = [400, 220, 46, 12, 26];
const WIDE = innerWidth < 700 ? WIDTH : 1130; // a ranking has the page's whole width
const NAMES = 200; // width of the names of a ranking
const LONGEST = 27; // letters of a name that fit into it

function draw(name, attributes, ...inside) {
  const element = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...inside);
  return element;
}

/** The next round number that is not smaller: 1, 2, 5, 10, ... */
export function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return [1, 2, 5, 10].map((step) => step * power).find((each) => each >= value) ?? value;
}

/** Columns: `parts` [{label, title}], `values` numbers or null; a figure with its heading. */
export function columns(heading, parts, values, unit = '') {
  const most = roundUp(Math.max(...values.map((value) => value ?? 0), 0));
  const step = (WIDTH - LEFT) / parts.length;
  const high = HEIGHT - TOP - BOTTOM;
  const svg = draw('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': heading });
  for (const share of [0, 0.5, 1]) {
    const y = TOP + high * (1 - share);
    svg.append(draw('line', { x1: LEFT, x2: WIDTH, y1: y, y2: y, class: 'grid' }));
    svg.append(draw('text', { x: LEFT - 8, y: y + 4, class: 'y' }, format(most * share)));
  }
  const every = Math.ceil(parts.length / 12);
  parts.forEach(({ label, title }, at) => {
    const x = LEFT + at * step;
    const tall = ((values[at] ?? 0) / most) * high;
    const bar = { x: x + step * 0.14, y: TOP + high - tall, width: step * 0.72, height: Math.max(tall, 0), rx: Math.min(4, step * 0.2), class: 'bar' };
    svg.append(draw('rect', { x, y: TOP, width: step, height: high, class: 'hover' }, draw('title', {}, `${title}: ${format(values[at], unit)}`)));
    svg.append(draw('rect', bar));
    if (at % every === 0) svg.append(draw('text', { x: x + step / 2, y: HEIGHT - 7, class: 'x' }, label));
  });
  return figure(heading, unit && `in${unit}`, svg);
}

/** A ranking: `entries` [[name, value]], longest bar first. */
export function ranks(heading, entries) {
  const row = 34;
  const most = Math.max(...entries.map(([, value]) => value), 1);
  const svg = draw('svg', { viewBox: `0 0 ${WIDE} ${Math.max(entries.length, 1) * row + 6}`, role: 'img', 'aria-label': heading });
  entries.forEach(([name, value], at) => {
    const y = at * row + 4;
    svg.append(draw('text', { x: 0, y: y + 18, class: 'name' }, name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name));
    svg.append(draw('rect', { x: NAMES, y: y + 3, width: Math.max(3, (value / most) * (WIDE - NAMES - 60)), height: 20, rx: 5, class: 'bar' }));
    svg.append(draw('text', { x: NAMES + 8 + (value / most) * (WIDE - NAMES - 60), y: y + 18, class: 'value' }, format(value)));
  });
  const whole = figure(heading, entries.length ? '' : 'none yet', svg);
  whole.className = 'ranking';
  return whole;
}

function figure(heading, remark, svg) {
  const title = document.createElement('h2');
  title.textContent = heading;
  if (remark) title.append(Object.assign(document.createElement('small'), { textContent: ` ${remark}` }));
  const whole = document.createElement('figure');
  whole.append(title, svg);
  return whole;
}
