// The garment the shopper has chosen, kept for the next visit on this device. Browsers may forbid it: then it is kept for this visit.

const KEY = 'fitting-room.garment';
let chosen = null;

export function keep(id) {
  chosen = id;
  try {
    if (id) localStorage.setItem(KEY, id);
    else localStorage.removeItem(KEY);
  } catch (error) {
    console.debug('nothing can be kept here', error);
  }
}

export function recall() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return chosen;
  }
}
