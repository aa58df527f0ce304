// The dialog in which one garment is looked through: its outline, its points, what it is called. It opens, saves, deletes, closes.

import { fileOf, get, landmarksFor, remove, save, StudioError } from './api.js';
import { Brush, maskAsBase64 } from './brush.js';
import { Easel } from './easel.js';
import { Points } from './points.js';
import { categories, kinds, pointName, words } from './words.js';

const MOST_UNDO = 30;
const SURE_MS = 3000;

const element = (id) => document.getElementById(id);

export class Editor {
  #dialog = element('editor');
  #easel = new Easel(element('canvas'));
  #points = new Points(this.#easel, { before: () => this.#beforeMove(), named: (text) => (element('pointed').textContent = text) });
  #brush = new Brush(this.#easel, (undo) => this.#remember(undo, true));
  #on;
  #garment = null;
  #undo = [];
  #brushed = false;
  #turn = 0; // counts what was opened: an answer for an earlier one is let go

  /** `on`: {saved(garment, wasDraft), deleted(garment), closed()}. */
  constructor(on) {
    this.#on = on;
    for (const name of ['points', 'keep', 'erase']) element(`tool-${name}`).onclick = () => this.#take(name);
    element('size').oninput = ({ target }) => (this.#brush.size = Number(target.value));
    element('undo').onclick = () => this.#undoLast();
    element('close').onclick = () => this.#dialog.close();
    element('delete').onclick = () => this.#delete();
    element('form').onsubmit = (event) => this.#save(event);
    element('canvas').onkeydown = (event) => this.#key(event);
    element('categories').append(...Object.entries(categories).map(([name, text]) => this.#choice(name, text)));
    this.#dialog.onclose = () => this.#closed();
  }

  /** Opens while a photo is being read; `file` is shown meanwhile where the browser can read it. */
  async waitFor(file) {
    const turn = this.#open();
    this.#dialog.dataset.busy = 'reading';
    const preview = await createImageBitmap(file).catch(() => null); // a HEIC, say: only the server can read it
    if (preview && turn === this.#turn && !this.#garment) this.#easel.show(preview, Object.assign(document.createElement('canvas'), { width: preview.width, height: preview.height }));
  }

  get isWaiting() {
    return this.#dialog.open && !this.#garment;
  }

  close() {
    this.#dialog.close();
  }

  /** Opens a garment or draft, all of it fresh from the server. */
  async open(id) {
    const turn = this.#open();
    try {
      await this.#fill(await get(id), turn);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Shows what was read of the photo it waits for. */
  async arrived(garment) {
    await this.#fill(garment, this.#turn).catch((error) => this.#fail(error));
  }

  #open() {
    this.#garment = null;
    this.#undo = [];
    this.#brushed = false;
    this.#points.marks = {};
    this.#easel.clear();
    this.#say('');
    element('form').inert = element('tools').inert = true;
    element('pointed').textContent = '';
    for (const id of ['hints', 'tags']) element(id).replaceChildren();
    this.#take('points');
    this.#reflectUndo();
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#dialog.scrollTop = element('form').scrollTop = 0;
    return ++this.#turn;
  }

  async #fill(garment, turn) {
    const names = garment.has_photo ? ['picture.png', 'photo.jpg'] : ['picture.png'];
    const [cutout, photo = cutout] = await Promise.all(names.map((name) => load(fileOf(garment, name))));
    if (turn !== this.#turn || !this.#dialog.open) return;
    this.#garment = garment;
    delete this.#dialog.dataset.busy;
    this.#points.marks = structuredClone(garment.landmarks);
    this.#points.unsure = new Set(garment.tags.unsure ?? []);
    this.#points.chosen = null;
    for (const name of ['name', 'price', 'link']) element(name).value = garment[name];
    this.#mark(garment.category);
    this.#tell(garment);
    element('save').querySelector('span').textContent = garment.published ? words.save : words.hangUp;
    element('delete').textContent = garment.published ? words.delete : words.discard;
    element('form').inert = element('tools').inert = false;
    this.#easel.show(photo, cutout);
  }

  #tell({ tags, has_photo: hasPhoto, published }) {
    const unsure = (tags.unsure ?? []).map(pointName);
    const hints = [...(tags.hints ?? [])];
    if (unsure.length && !published) hints.push(words.unsure(unsure.join(', ').toLowerCase()));
    if (!hasPhoto) hints.push(words.noPhoto);
    element('hints').replaceChildren(...hints.map((text) => item(text)));
    const seen = [tags.kind && item(kinds[tags.kind] ?? tags.kind), ...(tags.colours ?? []).map(swatch), tags.pattern && item(tags.pattern)];
    element('tags').replaceChildren(...seen.filter(Boolean));
  }

  // --- tools ------------------------------------------------------------------------------------------------------------

  #take(name) {
    for (const each of ['points', 'keep', 'erase']) element(`tool-${each}`).setAttribute('aria-pressed', String(each === name));
    this.#brush.erasing = name === 'erase';
    element('size').hidden = name === 'points';
    this.#easel.tool = name === 'points' ? this.#points : this.#brush;
  }

  #key(event) {
    const step = event.shiftKey ? 10 : 1;
    const by = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
    if (by && this.#points.chosen) this.#points.nudge(...by);
    else if (event.key === 'z' && (event.ctrlKey || event.metaKey)) this.#undoLast();
    else if (event.key === '.' || event.key === ',') this.#points.step(event.key === '.' ? 1 : -1);
    else return;
    event.preventDefault();
  }

  #beforeMove() {
    const [marks, unsure] = [structuredClone(this.#points.marks), new Set(this.#points.unsure)];
    this.#remember(() => Object.assign(this.#points, { marks, unsure }));
  }

  #remember(undo, brushed = false) {
    this.#undo.push(undo);
    if (this.#undo.length > MOST_UNDO) this.#undo.shift();
    this.#brushed ||= brushed;
    this.#reflectUndo();
  }

  #undoLast() {
    this.#undo.pop()?.();
    this.#reflectUndo();
    this.#easel.draw();
  }

  #reflectUndo() {
    element('undo').disabled = !this.#undo.length;
  }

  // --- what it is -------------------------------------------------------------------------------------------------------

  #choice(name, text) {
    const button = Object.assign(document.createElement('button'), { type: 'button', textContent: text });
    button.dataset.category = name;
    button.onclick = () => this.#become(name);
    return button;
  }

  #mark(category) {
    for (const button of element('categories').children) button.setAttribute('aria-pressed', String(button.dataset.category === category));
  }

  get #category() {
    return element('categories').querySelector('[aria-pressed="true"]').dataset.category;
  }

  async #become(category) {
    const [old, marks, unsure, turn] = [this.#category, this.#points.marks, this.#points.unsure, this.#turn];
    if (category === old) return;
    this.#mark(category);
    try {
      const found = await landmarksFor(this.#garment.id, category);
      if (turn !== this.#turn || this.#category !== category) return;
      this.#points.chosen = null;
      this.#points.marks = found;
      this.#points.unsure = new Set();
      const name = element('name').value;
      if (!this.#garment.published && name === this.#garment.name) element('name').value = words.nameFor(category, this.#garment.tags);
      this.#remember(() => {
        this.#mark(old);
        element('name').value = name;
        Object.assign(this.#points, { marks, unsure, chosen: null });
      });
      this.#easel.draw();
    } catch (error) {
      this.#mark(old);
      this.#fail(error);
    }
  }

  // --- the end ----------------------------------------------------------------------------------------------------------

  async #save(event) {
    event.preventDefault();
    const change = { landmarks: this.#points.marks, category: this.#category, published: true };
    for (const name of ['name', 'price', 'link']) change[name] = element(name).value.trim();
    await this.#attempt(async () => {
      if (this.#brushed) change.mask = await maskAsBase64(this.#easel.mask);
      const wasDraft = !this.#garment.published;
      const saved = await save(this.#garment.id, change);
      this.#dialog.close();
      this.#on.saved(saved, wasDraft);
    });
  }

  async #delete() {
    const button = element('delete');
    if (button.textContent !== words.reallyDelete) {
      const before = button.textContent;
      button.textContent = words.reallyDelete;
      setTimeout(() => (button.textContent = before), SURE_MS);
      return;
    }
    await this.#attempt(async () => {
      await remove(this.#garment.id);
      const garment = this.#garment;
      this.#dialog.close();
      this.#on.deleted(garment);
    });
  }

  async #attempt(act) {
    this.#dialog.dataset.busy = 'saving';
    element('form').inert = true;
    this.#say('');
    try {
      await act();
    } catch (error) {
      this.#fail(error);
    } finally {
      delete this.#dialog.dataset.busy;
      element('form').inert = false;
    }
  }

  #fail(error) {
    if (!(error instanceof StudioError)) console.error(error);
    delete this.#dialog.dataset.busy;
    this.#say(error.message);
  }

  #say(text) {
    element('said').textContent = text;
  }

  #closed() {
    this.#turn += 1;
    this.#garment = null;
    this.#undo = [];
    this.#easel.clear();
    delete this.#dialog.dataset.busy;
    this.#on.closed();
  }
}

async function load(url) {
  const image = Object.assign(new Image(), { src: url });
  try {
    await image.decode();
  } catch {
    throw new StudioError('The picture cannot be loaded. Close this and open it again.');
  }
  return image;
}

function item(text) {
  return Object.assign(document.createElement('li'), { textContent: text });
}

function swatch({ name, rgb }) {
  const entry = item(name);
  const dot = document.createElement('i');
  dot.style.background = `rgb(${rgb.join(' ')})`;
  entry.prepend(dot);
  return entry;
}
