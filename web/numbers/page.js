// The day's numbers: asks for days, shows totals and plots, and refreshes while it is looked at.

import { delays, drops, format, mean, perSpan, ranking, share, spans, total } from './figures.js';
import { columns, ranks } from './plot.js';

const REFRESH_MS = 15000;
const MOST_GARMENTS = 12;
const element = (id) => document.getElementById(id);
const [from, to] = [element('from'), element('to')];

async function load() {
  const query = from.value ? `?from=${from.value}&to=${to.value || from.value}` : '';
  try {
    const answer = await fetch(`/numbers.json${query}`);
    if (answer.status === 401) return location.assign('/signin?next=/numbers');
    if (!answer.ok) throw new Error(await answer.text());
    show(await answer.json());
    element('said').textContent = '';
  } catch (error) {
    element('said').textContent = error instanceof TypeError ? 'The server cannot be reached. Trying again.' : error.message;
  }
}

function show({ from: first, to: last, today, names, rows }) {
  [from.value, to.value, from.max, to.max] = [first, last, today, today];
  element('title').textContent = first === last ? (first === today ? 'Today’s numbers' : 'The day’s numbers') : 'The days’ numbers';
  element('csv').href = `/numbers.csv?from=${first}&to=${last}`;
  const frames = total(rows, 'frames');
  const dropped = total(rows, 'dropped');
  const totals = [
    ['Sessions', format(total(rows, 'sessions'))],
    ['Garments tried', format(total(rows, 'tries'))],
    ['Mean delay', format(mean(total(rows, 'delay_ms'), frames), ' ms')],
    ['Frames dropped', format(share(dropped, frames), ' %')],
    ['Waited for a place', format(total(rows, 'waited'))],
    ['Turned away', format(total(rows, 'refused', (_day, _hour, why) => why === 'full'))],
  ];
  element('totals').replaceChildren(...totals.map(([name, value]) => entry(name, value)));
  const parts = spans(first, last);
  const per = first === last ? 'an hour' : 'a day';
  const tries = ranking(rows, 'tries').slice(0, MOST_GARMENTS).map(([id, count]) => [names[id] ?? id, count]);
  element('plots').replaceChildren(
    columns(`Sessions ${per}`, parts, perSpan(rows, 'sessions', parts)),
    ranks('Tries per garment', tries),
    columns(`Mean delay ${per}`, parts, delays(rows, parts), ' ms'),
    columns(`Dropped frames ${per}`, parts, drops(rows, parts), ' %'),
  );
}

function entry(name, value) {
  const item = document.createElement('div');
  item.append(Object.assign(document.createElement('dt'), { textContent: name }), Object.assign(document.createElement('dd'), { textContent: value }));
  return item;
}

from.onchange = () => {
  if (to.value < from.value) to.value = from.value;
  load();
};
to.onchange = () => {
  if (to.value < from.value) from.value = to.value;
  load();
};
element('days').onsubmit = (event) => event.preventDefault();
setInterval(() => document.visibilityState === 'visible' && load(), REFRESH_MS);
load().then(() => (document.body.dataset.ready = ''));
