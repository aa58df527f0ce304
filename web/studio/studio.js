// The staff's page: takes photos, shows what is to be looked through and what hangs in the shop. One garment is editor.js.

import { fileOf, list, StudioError, upload, warmUp } from './api.js';
import { Batch } from './batch.js';
import { Editor } from './editor.js';
import { words } from './words.js';

const TOAST_MS = 3500;

const element = (id) => document.getElementById(id);
const cards = new Map(); // id: {key, item}, so that what did not change is not built anew
let garments = [];
let reviewing = false;
let toastTimer = null;
let dragDepth = 0;

const editor = new Editor({
  saved({ name }, wasDraft) {
    toast(wasDraft ? words.hungUp(name) : words.saved(name));
    refresh().then(next);
  },
  deleted({ name, published }) {
    toast(words.deleted(name));
    reviewing &&= !published;
    refresh().then(next);
  },
  closed: () => refresh(),
});
const batch = new Batch(showBatch, () => refresh());

// --- photos in --------------------------------------------------------------------------------------------------------

async function take(files) {
  reviewing = false;
  if (files.length > 1 || !batch.finished) return batch.add(files);
  const [file] = files;
  editor.waitFor(file);
  try {
    const garment = await upload(file);
    if (editor.isWaiting) editor.arrived(garment);
    else refresh(); // closed meanwhile: it waits among the drafts
  } catch (error) {
    if (!(error instanceof StudioError)) console.error(error);
    if (editor.isWaiting) editor.close();
    batch.clear();
    batch.failures.push({ name: file.name, why: error.message });
    showBatch();
  }
}

function showBatch() {
  const { done, total, failures, finished } = batch;
  element('batch').hidden = !total && !failures.length;
  element('batch-title').textContent = finished ? (total ? words.batchDone(done - failures.length, failures.length) : words.batchDone(0, failures.length)) : words.batch(done, total);
  Object.assign(element('batch-progress'), { max: Math.max(1, total), value: done, hidden: finished });
  element('batch-close').hidden = !finished;
  element('failures').replaceChildren(...failures.map(failure));
}

function failure({ name, why }) {
  const entry = document.createElement('li');
  entry.append(Object.assign(document.createElement('strong'), { textContent: name }), ` ${why}`);
  return entry;
}

// --- what there is ------------------------------------------------------------------------------------------------------

async function refresh() {
  try {
    ({ garments } = await list());
    show();
  } catch (error) {
    if (!(error instanceof StudioError)) throw error;
    toast(error.message);
  }
}

function show() {
  const wanted = element('search').value.trim().toLowerCase();
  const drafts = garments.filter(({ published }) => !published);
  const hung = garments.filter(({ published }) => published);
  const found = hung.filter(({ name, category, tags }) => `${name} ${category} ${tags.kind}`.toLowerCase().includes(wanted));
  element('drafts').hidden = !drafts.length;
  element('draft-count').textContent = drafts.length;
  element('shop-count').textContent = hung.length;
  element('draft-cards').replaceChildren(...drafts.map(card));
  element('shop-cards').replaceChildren(...found.map(card));
  element('nothing').hidden = Boolean(found.length);
  const known = new Set(garments.map(({ id }) => id));
  for (const id of cards.keys()) if (!known.has(id)) cards.delete(id);
}

function card(garment) {
  const { id, name, price, published, version, tags } = garment;
  const doubtful = !published && Boolean(tags.hints?.length);
  const key = JSON.stringify([name, price, published, version, doubtful]);
  if (cards.get(id)?.key === key) return cards.get(id).item;
  const item = document.createElement('li');
  const button = Object.assign(document.createElement('button'), { type: 'button', onclick: () => look(id) });
  button.dataset.id = id;
  button.classList.toggle('doubtful', doubtful);
  const picture = Object.assign(new Image(), { src: fileOf(garment, 'thumb.png'), alt: '', loading: 'lazy', decoding: 'async' });
  button.append(picture, Object.assign(document.createElement('span'), { textContent: name }), Object.assign(document.createElement('small'), { textContent: price }));
  item.append(button);
  cards.set(id, { key, item });
  return item;
}

function look(id) {
  reviewing = garments.some((garment) => garment.id === id && !garment.published);
  editor.open(id);
}

/** After a draft the next one opens, until all are looked through. */
function next() {
  const draft = reviewing && garments.find(({ published }) => !published);
  if (!draft) return;
  editor.open(draft.id);
  raiseToast();
}

function toast(text) {
  clearTimeout(toastTimer);
  element('toast').textContent = text;
  raiseToast();
  document.body.classList.add('toasting');
  toastTimer = setTimeout(() => document.body.classList.remove('toasting'), TOAST_MS);
}

/** Above the dialog that has opened since. */
function raiseToast() {
  element('toast').hidePopover();
  element('toast').showPopover();
}

// --- wiring -------------------------------------------------------------------------------------------------------------

for (const id of ['camera', 'files']) {
  element(id).onchange = ({ target }) => {
    if (target.files.length) take([...target.files]);
    target.value = ''; // the same photo may be taken again
  };
}
element('search').oninput = show;
element('batch-close').onclick = () => batch.clear();

const carriesFiles = ({ dataTransfer }) => [...(dataTransfer?.types ?? [])].includes('Files');
document.addEventListener('dragenter', (event) => carriesFiles(event) && document.body.classList.toggle('dropping', (dragDepth += 1) > 0));
document.addEventListener('dragleave', (event) => carriesFiles(event) && document.body.classList.toggle('dropping', (dragDepth -= 1) > 0));
document.addEventListener('dragover', (event) => carriesFiles(event) && event.preventDefault());
document.addEventListener('drop', (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  dragDepth = 0;
  document.body.classList.remove('dropping');
  if (event.dataTransfer.files.length) take([...event.dataTransfer.files]);
});

refresh().then(() => (document.body.dataset.ready = ''));
warmUp().catch((error) => console.debug('the networks are loaded with the first photo instead', error));
