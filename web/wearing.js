// The sheet that answers "What am I wearing?": each piece with its colours, and what the shop has like it. Knows no connection.

import { image } from './garments.js';
import { kinds } from './words.js';

export class WearingSheet {
  #dialog;
  #words;
  #ask;
  #choose;
  #waiting = false;
  garments = []; // those that can be tried on: [{id, name, picture, thumbnail}]

  /** `ask()` sends the question and returns whether it could; `choose(id)` puts a garment on. */
  constructor(dialog, words, ask, choose) {
    this.#dialog = dialog;
    this.#words = words;
    this.#ask = ask;
    this.#choose = choose;
    dialog.querySelector('#worn-close').onclick = () => dialog.close();
    dialog.onclick = ({ target }) => target === dialog && dialog.close();
    dialog.onclose = () => (this.#waiting = false);
  }

  /** Asks, and shows that it is being looked at. */
  open() {
    this.#list.replaceChildren();
    this.#waiting = this.#ask();
    this.#say(this.#waiting ? this.#words.looking : this.#words.askedInVain);
    this.#dialog.showModal();
  }

  /** Shows the answer: {seen, pieces: [{tags, picture, similar: [id]}]}, or {why}. */
  show({ seen, pieces = [], why }) {
    if (!this.#waiting) return;
    this.#waiting = false;
    this.#say(why ?? (pieces.length ? '' : seen ? this.#words.nothingWorn : this.#words.nobodySeen));
    this.#list.replaceChildren(...pieces.map((piece) => this.#piece(piece)));
  }

  /** The connection is gone: there will be no answer. */
  lost() {
    if (!this.#waiting) return;
    this.#waiting = false;
    this.#say(this.#words.askedInVain);
  }

  get #list() {
    return this.#dialog.querySelector('#worn');
  }

  #say(text) {
    this.#dialog.querySelector('#worn-said').textContent = text;
    this.#dialog.classList.toggle('waiting', this.#waiting);
  }

  #piece({ tags, picture, similar }) {
    const piece = document.createElement('li');
    const about = document.createElement('div');
    about.append(make('strong', title(tags)), swatches(tags.colours));
    const found = similar.map((id) => this.garments.find((garment) => garment.id === id)).filter(Boolean);
    const row = document.createElement('div');
    row.className = 'similar';
    row.append(...found.map((garment) => this.#button(garment)));
    piece.append(Object.assign(new Image(), { src: picture, alt: '' }), about, row);
    if (found.length) row.before(make('small', this.#words.similar));
    return piece;
  }

  #button(garment) {
    const button = Object.assign(document.createElement('button'), { type: 'button', title: garment.name });
    button.setAttribute('aria-label', garment.name);
    button.dataset.similar = garment.id;
    button.append(image(garment.thumbnail, garment.picture));
    button.onclick = () => {
      this.#dialog.close();
      this.#choose(garment.id);
    };
    return button;
  }
}

/** "Navy striped T-shirt". */
function title({ kind, colours, pattern }) {
  const words = [colours[0]?.name, pattern === 'plain' ? '' : pattern, kinds[kind] ?? kind].filter(Boolean).join(' ');
  return words[0].toUpperCase() + words.slice(1);
}

function swatches(colours) {
  const all = document.createElement('p');
  all.append(
    ...colours.map(({ name, rgb }) => {
      const colour = make('span', name);
      const dot = document.createElement('i');
      dot.style.background = `rgb(${rgb.join(' ')})`;
      colour.prepend(dot);
      return colour;
    }),
  );
  return all;
}

function make(tag, text) {
  return Object.assign(document.createElement(tag), { textContent: text });
}
