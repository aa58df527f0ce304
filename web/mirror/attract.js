// What an idle screen shows: the shop's garments, one after another, beneath the arch. One timer, two pictures, for as long as it runs.

const EACH_MS = 5000;

export class Attract {
  #pictures;
  #name;
  #garments = [];
  #at = -1;
  #timer = null;

  /** `arch`: the element with two <img> and a <span>. */
  constructor(arch) {
    this.#pictures = [...arch.querySelectorAll('img')];
    this.#name = arch.querySelector('span');
  }

  /** These from now on: [{name, picture}]. */
  set(garments) {
    this.#garments = garments;
    if (this.#at < 0 && garments.length) this.#next();
  }

  run(on) {
    if (on === (this.#timer !== null)) return;
    clearInterval(this.#timer);
    this.#timer = on ? setInterval(() => this.#next(), EACH_MS) : null;
  }

  #next() {
    if (!this.#garments.length) return;
    this.#at = (this.#at + 1) % this.#garments.length;
    if (this.#at === 0) document.body.dataset.place = (Number(document.body.dataset.place ?? 0) + 1) % 4; // once a round
    const { name, picture } = this.#garments[this.#at];
    const [leaving, coming] = this.#pictures;
    coming.onload = () => {
      coming.classList.add('on');
      leaving.classList.remove('on');
      this.#name.textContent = name;
    };
    coming.src = picture; // one that cannot be loaded stays away: the one before stays
    this.#pictures.reverse();
  }
}
