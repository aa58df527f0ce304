// The big screen: a code until a phone joins, then that shopper in the mirror, then a code again. Runs for weeks without anybody near.

import { describeDevice } from '../device.js';
import { Steady } from '../status.js';
import { keepAwake } from '../wake-lock.js';
import { screenLabels, screenSays, wordsFor } from '../words.js';
import { Attract } from './attract.js';
import { Channel } from './channel.js';
import { OwnCamera } from './own-camera.js';
import { Viewer } from './viewer.js';

const OWN_CAMERA = 'fitting-room.own-camera';
const STAFF_MS = 4000; // how long the staff's corner stays after the pointer has moved
const OPENED_AGAIN = 4001; // this screen was opened in another window: that one goes on

const element = (id) => document.getElementById(id);
const { body } = document;
const view = element('view');
const sockets = `${location.protocol.replace('http', 'ws')}//${location.host}`;
const now = { version: null, servers: [], phone: '', names: new Map(), live: false, camera: 'phone', problem: null, frame: 'plain' };
const steady = new Steady();
const attract = new Attract(element('arch'));
const viewer = new Viewer((message) => channel.send(message), play);
const own = new OwnCamera(`${sockets}/session?as=screen`, { track: play, problem: (problem) => tell({ problem }), frame: follow });
let staffTimer = null;
let stale = false;

// --- what is shown --------------------------------------------------------------------------------------------------------

function tell(change) {
  Object.assign(now, change);
  const { phone, live, camera } = now;
  const seen = Boolean(phone && live && view.srcObject) && body.dataset.link === 'up';
  body.dataset.show = !phone ? 'idle' : seen ? 'mirror' : 'welcome';
  attract.run(!phone);
  const [title, detail] = words(seen);
  const [strong, span] = element('said').children;
  if (strong.textContent !== title) strong.textContent = title;
  if (span.textContent !== detail) span.textContent = detail;
  element('said').hidden = !title;
  if (!phone && stale) location.reload();
  if (camera === 'phone' && phone && live && !viewer.running) viewer.start(now.servers).catch(console.warn);
}

/** [title, detail] of what is to be said; empty where the picture says enough. */
function words(seen) {
  if (body.dataset.link === 'down') return screenSays.reconnecting;
  if (!now.phone) return ['', ''];
  if (now.problem && now.problem !== 'connecting') {
    const { title, detail } = wordsFor(now.problem, describeDevice(navigator));
    return [title, detail];
  }
  if (!seen) return now.camera === 'screen' ? screenSays.stand : screenSays.start;
  if (now.frame === 'nobody' || now.frame === 'step-back') {
    const { title, detail } = wordsFor(now.frame, {});
    return [title, detail];
  }
  return ['', ''];
}

function play(track) {
  view.srcObject = new MediaStream([track]);
  view.play().catch((error) => error.name !== 'AbortError' && console.warn('the picture does not play', error));
  tell({});
}

function follow({ status }) {
  tell({ frame: steady.push(status, performance.now()) });
}

function drawCode({ rows }) {
  const quiet = 3; // modules of light around it; the card adds more
  const size = rows.length + 2 * quiet;
  const code = element('code');
  code.setAttribute('viewBox', `0 0 ${size} ${size}`);
  const dark = rows.flatMap((row, y) => [...row].flatMap((module, x) => (module === '1' ? [`M${x + quiet} ${y + quiet}h1v1h-1z`] : [])));
  code.querySelector('path').setAttribute('d', dark.join(''));
}

/** Fills the screen; only an upright picture on a wide screen is shown whole, or the garment would be cut off. */
function fit() {
  view.classList.toggle('whole', view.videoHeight > view.videoWidth && innerWidth > innerHeight);
}

// --- what the server says ---------------------------------------------------------------------------------------------------

const heed = {
  hello({ version, garments, iceServers }) {
    stale = now.version !== null && version !== now.version;
    tell({ version: now.version ?? version, servers: iceServers });
    heed.garments({ garments });
  },
  garments({ garments }) {
    now.names = new Map(garments.map(({ id, name }) => [id, name]));
    attract.set(garments);
  },
  code: drawCode,
  shopper({ phone, camera }) {
    if (phone !== now.phone) clear();
    if (camera === 'screen') own.start();
    tell({ phone, camera });
  },
  state({ live, mirrored, garment }) {
    body.classList.toggle('mirrored', mirrored);
    element('worn').textContent = (garment && now.names.get(garment)) ?? '';
    tell({ live });
  },
  wear: ({ garment }) => own.wear(garment),
  answer: ({ sdp }) => viewer.answer(sdp),
  free() {
    clear();
    tell({ phone: '' });
  },
  refused: ({ message }) => console.warn(message),
  pong() {},
};

const channel = new Channel(`${sockets}/screen`, {
  open() {
    body.dataset.link = 'up';
    channel.send({ type: 'here', camera: element('own').checked ? 'screen' : 'phone', phone: now.phone });
    viewer.stop(); // the server has forgotten the one before
    tell({ live: false });
  },
  message: (message) => heed[message.type]?.(message),
  closed(code) {
    body.dataset.link = 'down';
    if (code === OPENED_AGAIN) location.replace('about:blank');
    tell({});
  },
});

/** Nothing of the last shopper stays. */
function clear() {
  viewer.stop();
  own.stop();
  steady.reset();
  view.srcObject = null;
  element('worn').textContent = '';
  Object.assign(now, { live: false, problem: null, frame: 'plain' });
}

// --- wiring -------------------------------------------------------------------------------------------------------------------

for (const item of document.querySelectorAll('[data-text]')) item.textContent = screenLabels[item.dataset.text];
for (const item of document.querySelectorAll('[data-label]')) item.setAttribute('aria-label', screenLabels[item.dataset.label]);

element('own').checked = localStorage.getItem(OWN_CAMERA) === 'yes';
element('own').onchange = ({ target }) => {
  localStorage.setItem(OWN_CAMERA, target.checked ? 'yes' : 'no');
  channel.send({ type: 'here', camera: target.checked ? 'screen' : 'phone', phone: now.phone });
};
element('whole').onclick = () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen());

/** Staff who move the pointer see their corner for a moment; shoppers never see a pointer. */
function staffIsHere() {
  body.classList.add('staff');
  clearTimeout(staffTimer);
  staffTimer = setTimeout(() => body.classList.remove('staff'), STAFF_MS);
}
window.addEventListener('pointermove', staffIsHere);
window.addEventListener('pointerdown', staffIsHere);
window.addEventListener('resize', fit);
view.onresize = view.onloadeddata = fit;
window.addEventListener('online', () => {
  channel.wake();
  own.wake();
});
document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && keepAwake(true));
keepAwake(true);
tell({});
