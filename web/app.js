// Starts the page. Plain enough for an old browser to read, so that it can tell the shopper that it is old.

import { wordsFor } from './words.js';

import('./page.js').catch((error) => {
  console.error(error);
  const { title, detail } = wordsFor('too-old', {});
  document.querySelector('#status strong').textContent = title;
  document.querySelector('#status span').textContent = detail;
});
