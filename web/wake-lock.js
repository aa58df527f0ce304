// Keeps the screen on while the mirror runs. The browser takes the lock away when the page is hidden, so ask again when it is back.

let wanted = false;
let lock = null;

export async function keepAwake(on) {
  wanted = on;
  if (!on) {
    await lock?.release();
    lock = null;
  } else if ('wakeLock' in navigator && document.visibilityState === 'visible' && (!lock || lock.released)) {
    try {
      lock = await navigator.wakeLock.request('screen');
      if (!wanted) await lock.release();
    } catch (error) {
      console.debug('the screen may go dark', error); // low battery: the mirror works all the same
    }
  }
}
