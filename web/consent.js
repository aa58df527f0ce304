// The sheet that asks whether pictures may be kept, says how many are, and deletes them. Off until the shopper switches it on; it stays on for
// this visit, also when the connection is lost and found. The name of what is kept stays on this device, so that it can be deleted later.

const KEY = 'fitting-room.kept';

export class ConsentSheet {
  #dialog;
  #button;
  #words;
  #send;
  #limit = 0;
  #on = false;
  #mine = null;

  /** `button` opens the sheet, and is there only where the server asks; `send(message)` sends to the server. */
  constructor(dialog, button, words, send) {
    this.#dialog = dialog;
    this.#button = button;
    this.#words = words;
    this.#send = send;
    this.#mine = recall();
    button.onclick = () => dialog.showModal();
    this.#part('close').onclick = () => dialog.close();
    dialog.onclick = ({ target }) => {
      if (target === dialog) dialog.close(); // beside the sheet; a handler that returned false would undo the switch
    };
    this.#part('on').onchange = ({ target }) => this.#agree(target.checked);
    this.#part('delete').onclick = () => this.#forget();
    this.#say(0);
  }

  /** A session has begun, in which at most `limit` pictures may be kept (0: nobody is asked). */
  offer(limit) {
    this.#limit = limit;
    this.#button.hidden = !limit;
    if (!limit) return this.#dialog.close();
    this.#part('what').textContent = this.#fill(this.#words.consentWhat);
    if (this.#on || this.#mine) this.#agree(this.#on);
  }

  /** The shopper has left the mirror: whoever comes next is asked again. */
  leave() {
    this.#on = false;
    this.#part('on').checked = false;
    this.#button.classList.remove('on');
    this.#dialog.close();
  }

  /** What the server says: {on, count, mine, why}. */
  show({ on, count, mine, why }) {
    this.#on = on;
    this.#mine = mine;
    remember(count ? mine : null);
    this.#part('on').checked = on;
    this.#button.classList.toggle('on', on);
    this.#say(count, why);
  }

  #agree(on) {
    this.#on = on;
    this.#send({ type: 'keep', on, mine: this.#mine });
  }

  #forget() {
    this.#on = false;
    this.#send({ type: 'forget', mine: this.#mine });
  }

  #say(count, why) {
    const { consentNone, consentCount, consentDone, consentFull, consentFault } = this.#words;
    const sentence = { done: consentDone, full: consentFull, fault: consentFault }[why] ?? (count ? consentCount : consentNone);
    this.#part('count').textContent = this.#fill(sentence, count);
    this.#part('delete').hidden = !count;
  }

  #fill(sentence, count = 0) {
    return sentence.replace('{limit}', this.#limit).replace('{count}', count);
  }

  #part(name) {
    return this.#dialog.querySelector(`#consent-${name}`);
  }
}

function remember(mine) {
  try {
    if (mine) localStorage.setItem(KEY, mine);
    else localStorage.removeItem(KEY);
  } catch (error) {
    console.debug('nothing can be kept here', error);
  }
}

function recall() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
