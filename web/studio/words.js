// What the studio says beside what stands in studio.html.

export const categories = { blouse: 'Top', outwear: 'Jacket, coat', dress: 'Dress', trousers: 'Trousers', skirt: 'Skirt' };

export const kinds = {
  dress: 'Dress', hat: 'Hat', longsleeve: 'Long sleeve', outwear: 'Jacket', pants: 'Trousers', shirt: 'Shirt', shoes: 'Shoes', shorts: 'Shorts', skirt: 'Skirt',
  't-shirt': 'T-shirt', top: 'Top',
};

export const words = {
  hangUp: 'Hang it up',
  save: 'Save',
  delete: 'Delete',
  reallyDelete: 'Really delete?',
  discard: 'Discard',
  hungUp: (name) => `${name} is in every shopper’s row.`,
  saved: (name) => `${name} is saved.`,
  deleted: (name) => `${name} is gone.`,
  noPhoto: 'The photo of this piece was not kept: what is erased can only be brought back until it is saved.',
  unsure: (names) => `Look at ${names}: ${names.includes(',') ? 'these points are' : 'this point is'} not certain.`,
  /** The name to start with, as the server makes it, for what it was not taken for: "Navy striped skirt". */
  nameFor(category, { colours = [], pattern }) {
    const kind = { blouse: 'top', outwear: 'jacket' }[category] ?? category;
    const name = [colours[0]?.name, pattern === 'plain' ? '' : pattern, kind].filter(Boolean).join(' ');
    return name[0].toUpperCase() + name.slice(1);
  },
  batch: (done, total) => `Reading photo ${Math.min(done + 1, total)} of ${total}`,
  batchDone: (read, failed) => `${read === 1 ? 'One photo is' : `${read} photos are`} read${failed ? `, ${failed} could not be` : ''}.`,
};

/** "Left armpit" for armpit_left. */
export function pointName(name) {
  const parts = name.split('_').map((part) => ({ in: 'inner', out: 'outer', front: '' })[part] ?? part);
  const side = parts.find((part) => part === 'left' || part === 'right');
  const rest = parts.filter((part) => part && part !== side).map((part) => ({ neckline: 'neck', waistline: 'waist' })[part] ?? part);
  if (name === 'center_front') return 'Middle of the neckline';
  const words = (side ? [side, ...rest.reverse()] : rest).join(' ');
  return words[0].toUpperCase() + words.slice(1);
}
