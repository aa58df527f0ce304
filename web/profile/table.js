// The stages in numbers, the legend and the drops: what the charts show, as text.

import { groups, stages } from './stages.js';

/** Fills the table's body. `summary` and `earlier` are of summarizeFrames; `earlier` may be null. */
export function fillTable(body, summary, earlier) {
  const rows = [{ key: 'total', label: 'Glass to glass', group: null }, ...stages].filter(({ key }) => of(summary, key) || of(earlier, key));
  const cells = rows.map(({ key, label, group, means }) => row({ label, group, means }, of(summary, key), of(earlier, key)));
  body.replaceChildren(...cells);
}

function of(summary, key) {
  const found = key === 'total' ? summary?.total : summary?.stages[key];
  return found?.count ? found : null;
}

function row({ label, group, means }, now, before) {
  const name = element('th', label, group ? `stage ${group}` : 'stage');
  name.scope = 'row';
  if (means) name.title = means;
  const change = now && before ? now.p50 - before.p50 : NaN;
  const texts = [number(now?.p50), number(now?.p95), number(now?.p99), number(before?.p50), signed(change)];
  const cells = texts.map((text, index) => element('td', text, index > 2 ? 'before' : ''));
  if (Math.abs(change) >= 0.5) cells[4].classList.add(change < 0 ? 'better' : 'worse');
  const line = document.createElement('tr');
  line.append(name, ...cells);
  return line;
}

/** The groups with their colours and medians, in the order in which they are stacked. */
export function fillLegend(list, medians) {
  list.replaceChildren(...groups.map(({ key, label }) => {
    const item = element('li', label, `stage ${key}`);
    item.append(element('b', number(medians[key])));
    return item;
  }));
}

const CAUSES = {
  page_encoder: 'Browser’s encoder was busy or held back',
  network: 'Lost on the way, or the server’s decoder was behind',
  spared: 'Left out on purpose: the server takes fewer frames for now',
  worker: 'Replaced by a newer one in the mailbox: the worker was busy',
  encoder: 'Replaced by a newer one before the server’s encoder',
  page: 'Received, but not shown by the browser',
  failed: 'Could not be dressed: returned plain',
};

/** Counts by cause with their bars, and their shares of all frames; so many came back. */
export function fillDrops(list, drops, returned) {
  const all = returned + Object.values(drops).reduce((sum, count) => sum + count, 0);
  const most = Math.max(1, ...Object.values(drops));
  list.replaceChildren(...Object.entries(CAUSES).map(([cause, text]) => {
    const count = drops[cause] ?? 0;
    const share = count ? ` · ${((100 * count) / all).toFixed(1)}%` : '';
    const bar = document.createElement('meter');
    Object.assign(bar, { min: 0, max: most, value: count });
    const item = element('li', text, count ? 'some' : '');
    item.append(element('b', `${count}${share}`), bar);
    return item;
  }));
}

function number(value) {
  return Number.isFinite(value) ? value.toFixed(1) : '–';
}

function signed(value) {
  return Number.isFinite(value) ? `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)}` : '–';
}

function element(tag, text, name = '') {
  return Object.assign(document.createElement(tag), { textContent: text, className: name });
}
