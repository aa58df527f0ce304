// What a run is made of, in the page's address: the same link makes the same run.

const LONGEST = 3600; // seconds

export const defaults = { garment: null, size: [640, 480], codec: null, mode: 'whole', seconds: 0, run: false };

/** The settings of a location.search, and sentences on what in it could not be used: {settings, wrong}. */
export function parseSettings(search) {
  const asked = new URLSearchParams(search);
  const settings = { ...defaults };
  const wrong = [];
  const take = (name, parse, sentence) => {
    if (!asked.has(name)) return;
    const value = parse(asked.get(name));
    if (value === undefined) wrong.push(`“${name}=${asked.get(name)}” in the address was left out: ${sentence}`);
    else settings[name] = value;
  };
  take('garment', (text) => (text === 'none' ? null : text || undefined), 'it is a garment’s id, or none.');
  take('size', parseSize, 'it is WIDTHxHEIGHT, each from 160 to 4096.');
  take('codec', (text) => ['H264', 'VP8'].find((name) => name === text.toUpperCase()), 'it is H264 or VP8.');
  take('mode', (text) => ['whole', 'overlay'].find((name) => name === text), 'it is whole or overlay.');
  take('seconds', parseSeconds, `it is a number from 1 to ${LONGEST}.`);
  take('run', (text) => ({ 1: true, 0: false })[text], 'it is 1 or 0.');
  return { settings, wrong };
}

/** The address of a page with these settings. */
export function linkTo(settings, base = location.href) {
  const { garment, size, codec, mode, seconds, run } = settings;
  const url = new URL(base);
  const fields = { garment: garment ?? 'none', size: size.join('x'), ...(codec && { codec }), ...(mode !== defaults.mode && { mode }), ...(seconds && { seconds }), ...(run && { run: 1 }) };
  url.search = new URLSearchParams(fields);
  return url.href;
}

function parseSize(text) {
  const [, width, height] = /^(\d+)x(\d+)$/.exec(text)?.map(Number) ?? [];
  const fits = (length) => length >= 160 && length <= 4096;
  return fits(width) && fits(height) ? [width, height] : undefined;
}

function parseSeconds(text) {
  const seconds = Number(text);
  return text.trim() && seconds >= 1 && seconds <= LONGEST ? seconds : undefined;
}
