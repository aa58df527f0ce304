// The row of garments: builds it, marks what is worn, moves with the arrow keys. Several pieces worn at once are one outfit, whose id is theirs
// with + between them; a piece takes the place of what is worn in the same place.

const PLACES = { blouse: ['chest'], dress: ['chest', 'legs'], trousers: ['legs'], skirt: ['legs'], outwear: ['over'] };

export class GarmentRow {
  #list;
  #words;
  #choose;
  #known = '';
  #shown = new Map(); // a garment as JSON: its <li>

  /** `list`: the <ul>; `choose(id | null)` is called when the shopper taps. */
  constructor(list, words, choose) {
    this.#list = list;
    this.#words = words;
    this.#choose = choose;
    list.addEventListener('click', ({ target }) => this.#tapped(target.closest('[data-garment]')));
    list.addEventListener('keydown', (event) => this.#move(event));
    this.show([]);
  }

  /** Shows these garments: [{id, name, picture, thumbnail, price}]. Does nothing when they are the ones shown already. */
  show(garments) {
    const known = JSON.stringify(garments);
    if (known === this.#known) return;
    this.#known = known;
    const chosen = this.chosen;
    const waiting = Boolean(this.#list.querySelector('.waiting'));
    const shown = this.#shown;
    this.#shown = new Map([{ id: '', name: this.#words.noGarment }, ...garments].map((garment) => [JSON.stringify(garment), garment]));
    for (const [key, garment] of this.#shown) this.#shown.set(key, shown.get(key) ?? this.#item(garment)); // what did not change stays as it is
    this.#list.replaceChildren(...this.#shown.values());
    this.mark(chosen);
    this.wait(waiting && this.chosen === chosen);
  }

  /** Whether every piece of an outfit is there. */
  has(id) {
    const known = this.#buttons().map((button) => button.dataset.garment);
    return id.split('+').every((piece) => known.includes(piece));
  }

  /** All that is known of a chosen garment, of one that is for sale if there is one; or null. */
  get garment() {
    const chosen = this.#pieces().map((id) => this.#about(id));
    return chosen.find(({ link }) => link) ?? chosen[0] ?? null;
  }

  /** The chosen outfit's id, or null. */
  get chosen() {
    return this.#pieces().join('+') || null;
  }

  /** Marks this outfit as the chosen one; null marks "no garment". */
  mark(id) {
    const buttons = this.#buttons();
    const pieces = (id ?? '').split('+');
    const marked = buttons.filter((button) => pieces.includes(button.dataset.garment));
    const chosen = marked.length ? marked : buttons.slice(0, 1);
    for (const button of buttons) {
      button.setAttribute('aria-pressed', String(chosen.includes(button)));
      button.tabIndex = button === chosen[0] ? 0 : -1;
      button.classList.remove('waiting');
    }
  }

  /** Shows on the chosen garment that it is on its way to the picture. */
  wait(on) {
    for (const button of this.#list.querySelectorAll('[aria-pressed="true"]')) button.classList.toggle('waiting', on);
  }

  /** Brings the chosen garment into view. */
  reveal() {
    this.#list.querySelector('[aria-pressed="true"]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }

  #buttons() {
    return [...this.#list.querySelectorAll('[data-garment]')];
  }

  #tapped(button) {
    if (!button) return;
    this.#choose(this.#with(button.dataset.garment));
    button.scrollIntoView({ block: 'nearest', inline: 'center', behavior: 'smooth' });
  }

  #pieces() {
    return [...this.#list.querySelectorAll('[aria-pressed="true"]')].map((button) => button.dataset.garment).filter(Boolean);
  }

  /** The outfit's id when a piece is put on, in place of what is worn there, or taken off again; "no garment" takes all off. */
  #with(id) {
    if (!id) return null;
    const places = this.#places(id);
    const others = this.#pieces().filter((piece) => piece !== id && !this.#places(piece).some((place) => places.includes(place)));
    const pieces = this.#pieces().includes(id) ? others : [...others, id];
    return this.#buttons().map((button) => button.dataset.garment).filter((piece) => pieces.includes(piece)).join('+') || null;
  }

  #places(id) {
    return PLACES[this.#about(id).category] ?? Object.values(PLACES).flat();
  }

  #about(id) {
    return JSON.parse([...this.#shown.keys()].find((key) => JSON.parse(key).id === id) ?? '{}');
  }

  #move(event) {
    const buttons = this.#buttons();
    const at = buttons.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    buttons[Math.max(0, Math.min(to, buttons.length - 1))].focus();
  }

  #item({ id, name, picture, thumbnail, price }) {
    const button = document.createElement('button');
    button.type = 'button';
    button.dataset.garment = id;
    button.title = name;
    button.append(id ? image(thumbnail, picture) : icon('none'), label(name));
    if (price) button.append(Object.assign(document.createElement('small'), { textContent: price }));
    const item = document.createElement('li');
    item.append(button);
    return item;
  }
}

/** The small picture, or the large one where there is none. */
export function image(small, large) {
  const image = Object.assign(new Image(), { alt: '', draggable: false, decoding: 'async' });
  image.onerror = () => {
    image.onerror = null;
    image.src = large;
  };
  image.src = small;
  return image;
}

function label(text) {
  const name = document.createElement('span');
  name.textContent = text;
  return name;
}

function icon(name) {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  const use = document.createElementNS(space, 'use');
  svg.setAttribute('aria-hidden', 'true');
  use.setAttribute('href', `/static/icons.svg#${name}`);
  svg.append(use);
  return svg;
}
