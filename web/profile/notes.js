// Sentences for the user that stay until they are taken back.

export class Notes {
  #list;
  #sentences = new Map(); // by topic

  constructor(list) {
    this.#list = list;
  }

  /** Shows a sentence on a topic in place of the last one; null takes it back. */
  set(topic, sentence) {
    if ((this.#sentences.get(topic) ?? null) === sentence) return;
    if (sentence) this.#sentences.set(topic, sentence);
    else this.#sentences.delete(topic);
    this.#list.replaceChildren(...[...this.#sentences.values()].map((textContent) => Object.assign(document.createElement('li'), { textContent })));
  }
}
