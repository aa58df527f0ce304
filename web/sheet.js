// The sheet with the picture just taken: look, share, save.

import { canShare, pictureFile, savePicture, sharePicture, takePicture } from './snapshot.js';

export class SnapshotSheet {
  #dialog;
  #words;
  #failed;
  #file = null;

  /** `failed()` is called when a picture could neither be shared nor saved. */
  constructor(dialog, words, failed) {
    this.#dialog = dialog;
    this.#words = words;
    this.#failed = failed;
    this.#button('close').onclick = () => dialog.close();
    this.#button('save').onclick = () => this.#finish(() => savePicture(this.#file));
    this.#button('share').onclick = () => this.#finish(() => sharePicture(this.#file, words.shareText));
    dialog.onclick = ({ target }) => target === dialog && dialog.close(); // beside the sheet
    dialog.onclose = () => (this.#file = null);
  }

  /** Takes the picture shown by `video` and opens. Returns false while there is no picture. */
  open(video, mirrored) {
    const canvas = this.#dialog.querySelector('canvas');
    if (!takePicture(video, canvas, mirrored)) return false;
    this.#button('share').hidden = true;
    this.#button('save').disabled = true;
    this.#dialog.showModal();
    // The file is made now: the share sheet of a phone opens only straight after a tap.
    pictureFile(canvas).then((file) => this.#ready(file), this.#failed);
    return true;
  }

  #ready(file) {
    this.#file = file;
    this.#button('share').hidden = !canShare(file);
    this.#button('save').disabled = false;
  }

  async #finish(act) {
    try {
      if ((await act()) !== false) this.#dialog.close();
    } catch (error) {
      console.warn(error);
      this.#dialog.close();
      this.#failed();
    }
  }

  #button(id) {
    return this.#dialog.querySelector(`#${id}`);
  }
}
