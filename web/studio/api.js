// The studio's server: one function a request. Every failure is a StudioError whose message is a sentence for people.

const MOST_BYTES = 32 * 2 ** 20; // as the server has it: a larger upload would be cut off under way, without a word
const AGAIN_MS = 1500;
const OFFLINE = 'The fitting room cannot be reached. Check your connection and try again.';

export class StudioError extends Error {}

export const list = () => ask('GET', '/studio/garments');
export const get = (id) => ask('GET', address(id));
export const save = (id, change) => ask('PUT', address(id), JSON.stringify(change));
export const remove = (id) => ask('DELETE', address(id));
export const landmarksFor = async (id, category) => (await ask('GET', `${address(id)}/landmarks?category=${category}`)).landmarks;
export const warmUp = () => ask('POST', '/studio/warm-up');

/** Sends a photo; resolves to the draft made of it. Waits its turn while the server is busy. */
export async function upload(file) {
  if (file.size > MOST_BYTES) throw new StudioError('The photo is larger than 32 MB. Save it smaller, or as JPEG.');
  for (;;) {
    try {
      return await ask('POST', `/studio/garments?name=${encodeURIComponent(file.name)}`, file);
    } catch (error) {
      if (error.status !== 503) throw error;
      await new Promise((next) => setTimeout(next, AGAIN_MS));
    }
  }
}

/** Where a garment's files are: 'picture.png', 'thumb.png' or 'photo.jpg'. */
export const fileOf = ({ id, version }, name) => `${address(id)}/${name}?v=${encodeURIComponent(version)}`;

const address = (id) => `/studio/garments/${encodeURIComponent(id)}`;

async function ask(method, url, body) {
  let answer;
  try {
    answer = await fetch(url, { method, body, cache: 'no-store' });
  } catch {
    throw new StudioError(OFFLINE);
  }
  if (answer.redirected || answer.status === 401 || answer.status === 403) location.assign(`/signin?next=${location.pathname}`);
  if (answer.ok) return answer.json();
  throw Object.assign(new StudioError((await answer.text()).trim()), { status: answer.status });
}
