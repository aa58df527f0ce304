// The phone as the remote control of a screen that has a camera of its own.

import { GarmentRow } from '../garments.js';
import { labels, remoteSays } from '../words.js';
import { Channel } from './channel.js';

const element = (id) => document.getElementById(id);
let chosen = null;

function say([title, detail]) {
  element('title').textContent = title;
  element('detail').textContent = detail;
}

function finish() {
  channel.close();
  document.body.classList.add('over');
  say(remoteSays.over);
}

const row = new GarmentRow(element('garments'), labels, (id) => {
  chosen = id;
  row.mark(id);
  channel.send({ type: 'garment', id });
});

const heed = {
  hello({ garments, garment }) {
    row.show(garments);
    if (chosen === null) chosen = garment;
    else if (chosen !== garment) channel.send({ type: 'garment', id: chosen }); // tapped while there was no connection
    row.mark(chosen);
    say(remoteSays.ready);
  },
  garments: ({ garments }) => row.show(garments),
  free: finish,
  refused: finish,
};

const channel = new Channel(`${location.protocol.replace('http', 'ws')}//${location.host}/remote`, {
  open() {},
  message: (message) => heed[message.type]?.(message),
  closed: () => say(remoteSays.reconnecting),
});

for (const item of document.querySelectorAll('[data-text]')) item.textContent = labels[item.dataset.text];
for (const item of document.querySelectorAll('[data-label]')) item.setAttribute('aria-label', labels[item.dataset.label]);
say(remoteSays.reconnecting);
