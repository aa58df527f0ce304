// From rows of [day, hour, name, what, value] to what is shown. Plain functions and values: no page, no network.

/** Sum of a name's values, where `keep(day, hour, what)` holds. */
export function total(rows, name, keep = () => true) {
  return rows.reduce((sum, [day, hour, called, what, value]) => (called === name && keep(day, hour, what) ? sum + value : sum), 0);
}

/** One value a bar: an hour of the day where one day is shown, else a day. [{label, keep}], `keep(day, hour)`. */
export function spans(from, to) {
  if (from === to) {
    return Array.from({ length: 24 }, (_, at) => ({ label: `${at}`, title: `${at}:00–${at + 1}:00`, keep: (_day, hour) => hour === at }));
  }
  const days = [];
  for (let day = new Date(`${from}T12:00:00Z`); day.toISOString().slice(0, 10) <= to; day.setUTCDate(day.getUTCDate() + 1)) {
    const name = day.toISOString().slice(0, 10);
    days.push({ label: name.slice(8).replace(/^0/, ''), title: name, keep: (at) => at === name });
  }
  return days;
}

export function perSpan(rows, name, parts) {
  return parts.map(({ keep }) => total(rows, name, keep));
}

/** Mean delay of each span in ms; null where no frame was returned. */
export function delays(rows, parts) {
  return parts.map(({ keep }) => mean(total(rows, 'delay_ms', keep), total(rows, 'frames', keep)));
}

/** Share of the frames that were dropped, in percent; null where there was none. */
export function drops(rows, parts) {
  return parts.map(({ keep }) => share(total(rows, 'dropped', keep), total(rows, 'frames', keep)));
}

export function mean(sum, count) {
  return count ? sum / count : null;
}

export function share(dropped, frames) {
  return dropped + frames ? (100 * dropped) / (dropped + frames) : null;
}

/** Every `what` of a name with its sum, most first: [[what, value]]. */
export function ranking(rows, name) {
  const sums = new Map();
  for (const [, , called, what, value] of rows) if (called === name) sums.set(what, (sums.get(what) ?? 0) + value);
  return [...sums].sort((a, b) => b[1] - a[1]);
}

export function format(value, unit = '') {
  if (value === null || Number.isNaN(value)) return '–';
  const digits = value && Math.abs(value) < 10 && !Number.isInteger(value) ? 1 : 0;
  return `${value.toLocaleString('en', { maximumFractionDigits: digits })}${unit}`;
}
