// The settings as selects: filled from the link, read when the run starts.

const element = (id) => document.getElementById(id);

export class Controls {
  #settings;

  /** `settings` of settings.js, kept up to date. `worn(id | null)` is called when the user takes another garment. */
  constructor(settings, worn) {
    this.#settings = settings;
    this.#choose('size', settings.size.join('x'));
    this.#choose('codec', settings.codec ?? '');
    this.#choose('mode', settings.mode);
    this.#choose('seconds', String(settings.seconds), `${settings.seconds} s`);
    element('size').onchange = ({ target }) => (settings.size = target.value.split('x').map(Number));
    element('codec').onchange = ({ target }) => (settings.codec = target.value || null);
    element('mode').onchange = ({ target }) => (settings.mode = target.value);
    element('seconds').onchange = ({ target }) => (settings.seconds = Number(target.value));
    element('garment').onchange = ({ target }) => {
      settings.garment = target.value || null;
      worn(settings.garment);
    };
  }

  /** Lists these garments; returns the id that was asked for and is not among them, or null. */
  offer(garments) {
    const { garment } = this.#settings;
    const select = element('garment');
    select.replaceChildren(new Option('none', ''), ...garments.map(({ id, name }) => new Option(name, id)));
    const known = !garment || garments.some(({ id }) => id === garment);
    if (!known) this.#settings.garment = null;
    select.value = this.#settings.garment ?? '';
    return known ? null : garment;
  }

  /** What is settled while it runs cannot be changed then. */
  lock(on) {
    for (const id of ['size', 'codec', 'mode']) element(id).disabled = on;
    element('start').textContent = on ? 'Stop' : 'Start';
  }

  #choose(id, value, label = value) {
    const select = element(id);
    if (![...select.options].some((option) => option.value === value)) select.append(new Option(label, value));
    select.value = value;
  }
}
