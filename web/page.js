// The shopper's page: what is tapped, shown and said. The connection is mirror-session.js, the camera is camera.js.

import { Camera, CameraError, sizeAsked } from './camera.js';
import { ConsentSheet } from './consent.js';
import { describeDevice } from './device.js';
import { join } from './door.js';
import { GarmentRow } from './garments.js';
import { keep, recall } from './memory.js';
import { MirrorSession } from './mirror-session.js';
import { missingForOverlay, Overlay } from './overlay/overlay.js';
import { SnapshotSheet } from './sheet.js';
import { Steady, stateOf } from './status.js';
import { keepAwake } from './wake-lock.js';
import { WearingSheet } from './wearing.js';
import { labels, states, wordsFor } from './words.js';

const ASK_MS = 600; // a camera that takes longer is waiting for the shopper's permission
const NOTICE_MS = 4000;

const element = (id) => document.getElementById(id);
const { body } = document;
const local = element('local');
const view = element('view');
const composed = element('composed');
const device = describeDevice(navigator);
const asked = new URLSearchParams(location.search);

const now = { camera: 'off', seen: false, session: 'off', frame: 'plain', garments: 0, wearing: false, notice: null, place: 0 };
const steady = new Steady();
const mirrored = { user: true, environment: false };
let overlay = null; // lays the garment over the camera's own picture
let noticeTimer = null;
let said = 0; // the place in the queue that was put into words
let doubted = false; // the server could not put on what was chosen: its next frame says what is worn

const row = new GarmentRow(element('garments'), labels, choose);
const sheet = new SnapshotSheet(element('sheet'), labels, () => notice('not-saved'));
const wearing = new WearingSheet(element('wearing'), labels, () => session.askWearing(), (id) => {
  choose(id);
  row.reveal();
});
const consent = new ConsentSheet(element('consent'), element('keep'), labels, (message) => session.consent(message));
const camera = new Camera({
  lost: () => document.visibilityState === 'visible' && openCamera(() => camera.open()), // else when the page is looked at again
  paused: (on) => tell({ camera: on ? 'paused' : 'open' }),
}, sizeAsked(asked.get('camera')));
const session = new MirrorSession(`${location.protocol.replace('http', 'ws')}//${location.host}/session`, {
  state: sessionIs,
  track: (track) => play(view, track),
  garments: offer,
  wearing: (message) => wearing.show(message),
  keep: (limit) => consent.offer(limit),
  kept: (message) => consent.show(message),
  frame: follow,
  fault: doubt,
});

// --- what is said -------------------------------------------------------------------------------------------------

/** Takes what has changed and brings the page in line with it. */
function tell(change) {
  Object.assign(now, change);
  const state = stateOf(now);
  body.dataset.screen = now.seen ? 'mirror' : 'start';
  if (body.dataset.state === state && said === now.place) return;
  body.dataset.state = state;
  said = now.place;
  const { title, detail } = wordsFor(state, device, now.place);
  const [strong, span] = element('status').children;
  strong.textContent = title;
  span.textContent = detail;
  element('start').hidden = ['insecure', 'too-old', 'in-app', 'no-code', 'code-ended'].includes(state);
  element('start').textContent = ['start', 'opening', 'asking'].includes(state) ? labels.start : labels.retry;
}

function notice(state) {
  clearTimeout(noticeTimer);
  tell({ notice: state });
  noticeTimer = setTimeout(() => tell({ notice: null }), NOTICE_MS);
}

/** True from the tap until the mirror is stopped or has failed. */
function isRunning() {
  return ['opening', 'asking', 'open', 'paused'].includes(now.camera);
}

// --- camera and session ---------------------------------------------------------------------------------------------

async function start() {
  const problem = unable();
  if (problem) return tell({ camera: problem });
  if (await entering) return tell({ camera: await entering });
  for (const video of [local, view]) video.play().catch(ignoreInterruption); // the tap allows the later, automatic play
  if (asked.get('mode') === 'overlay') layHere();
  if (await openCamera(() => camera.open())) session.start(camera.track);
}

function stop() {
  end('off');
  element('start').focus();
}

/** Back to the start screen, which says why. */
function end(why) {
  session.stop();
  consent.leave();
  returnWhole();
  camera.stop();
  steady.reset();
  show(false);
  local.srcObject = view.srcObject = null;
  keepAwake(false);
  tell({ camera: why, seen: false, session: 'off', frame: 'plain', notice: null });
}

/** Opens a camera and sends its picture. Returns whether there is one; the page says why not. */
async function openCamera(how) {
  tell({ camera: 'opening' });
  const asking = setTimeout(() => tell({ camera: 'asking' }), ASK_MS);
  try {
    const track = await how();
    if (!track) return false;
    play(local, track);
    await session.replaceTrack(track);
  } catch (error) {
    if (!(error instanceof CameraError)) throw error;
    console.warn(error.state, error.cause);
    end(error.state);
    return false;
  } finally {
    clearTimeout(asking);
  }
  tell({ camera: 'open', seen: true });
  element('switch').hidden = !camera.canSwitch;
  reflect();
  keepAwake(true);
  return true;
}

function sessionIs(state, more) {
  if (state !== 'live') {
    show(false);
    overlay?.reset();
    wearing.lost();
  }
  if (state === 'refused') return end(states.includes(more) ? more : 'refused');
  steady.reset();
  tell({ session: state, frame: 'plain', place: (state === 'full' && more) || 0 });
}

/** One returned frame's report. */
function follow(message) {
  const { status, garment } = message;
  overlay?.heard(message);
  if (garment === row.chosen) row.wait(false);
  else if (doubted) wear(garment);
  doubted = false;
  tell({ frame: steady.push(status, performance.now()) });
}

function doubt() {
  doubted = true;
  notice('no-such-garment');
}

function unable() {
  if (!window.isSecureContext) return 'insecure';
  if (!navigator.mediaDevices?.getUserMedia) return device.inApp ? 'in-app' : 'too-old';
  return window.RTCPeerConnection && window.HTMLDialogElement ? null : 'too-old';
}

// --- picture ----------------------------------------------------------------------------------------------------------

function play(video, track) {
  video.srcObject = new MediaStream([track]);
  video.play().catch(ignoreInterruption);
}

function ignoreInterruption(error) {
  if (error.name !== 'AbortError') console.warn('the picture does not play', error); // AbortError: a newer picture took its place
}

/** Shows the returned picture, or the camera's own while there is none. */
function show(returned) {
  body.classList.toggle('returned', returned);
}

/** Asks for the garment alone and lays it over the camera's own picture, where this browser can. */
function layHere() {
  const lacking = missingForOverlay();
  if (lacking) return withoutOverlay(lacking);
  overlay = new Overlay(composed, { local, view }, { drawn: () => show(true), failed: withoutOverlay });
  body.classList.add('overlaid');
  session.overlay(true);
}

function withoutOverlay(lacking) {
  console.info(`The whole picture is returned: this browser has no ${lacking}.`);
  returnWhole();
  show(view.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && now.session === 'live');
}

function returnWhole() {
  overlay?.stop();
  overlay = null;
  body.classList.remove('overlaid');
  session.overlay(false);
}

function reflect() {
  const on = mirrored[camera.facing];
  body.classList.toggle('mirrored', on);
  element('mirror').setAttribute('aria-pressed', String(on));
  session.mirror(on);
}

function press(on) {
  body.classList.toggle('comparing', on);
}

function takeSnapshot() {
  const seen = body.matches('.returned:not(.comparing)') ? (overlay ? composed : view) : local;
  if (!sheet.open(seen, body.classList.contains('mirrored'))) return;
  body.classList.add('flashing');
  element('flash').addEventListener('animationend', () => body.classList.remove('flashing'), { once: true });
}

// --- garments ---------------------------------------------------------------------------------------------------------

/** The shopper has tapped a garment, or "no garment" (null). */
function choose(id) {
  tell({ notice: null });
  wear(id);
}

function wear(id) {
  row.mark(id);
  row.wait(now.session === 'live');
  session.wear(id);
  keep(id);
  tell({ wearing: Boolean(id) });
  showOffer();
}

/** Says what the worn garment costs and where it is sold, if the shop has said so. */
function showOffer() {
  const { price, link } = row.garment ?? {};
  const pill = element('offer');
  pill.hidden = !link;
  pill.textContent = [price, labels.inTheShop].filter(Boolean).join(' · ');
  if (link) pill.href = link;
}

/** Shows the catalogue, and puts the garment of last time on if it is still there. */
function offer(garments) {
  row.show(garments);
  wearing.garments = garments;
  decorate(garments);
  tell({ garments: garments.length });
  const kept = recall();
  if (kept === row.chosen) return showOffer();
  if (kept && !row.has(kept)) wear(null);
  else wear(kept);
  row.reveal();
}

function decorate(garments) {
  if (element('hero').children.length) return;
  element('hero').append(...garments.slice(0, 4).map(({ picture }) => Object.assign(new Image(), { src: picture, alt: '' })));
}

async function loadGarments() {
  const answer = await fetch('/garments.json');
  if (!answer.ok) throw new Error(`/garments.json: ${answer.status}`);
  const list = await answer.json();
  offer(Array.isArray(list) ? list : list.garments);
}

// --- wiring -------------------------------------------------------------------------------------------------------------

for (const item of document.querySelectorAll('[data-text]')) item.textContent = labels[item.dataset.text];
for (const item of document.querySelectorAll('[data-label]')) item.setAttribute('aria-label', labels[item.dataset.label]);
for (const item of document.querySelectorAll('button[data-label]:not(#compare)')) item.title = labels[item.dataset.label];

element('start').onclick = start;
element('stop').onclick = stop;
element('switch').onclick = () => openCamera(() => camera.next());
element('snapshot').onclick = takeSnapshot;
element('look').onclick = () => wearing.open();
element('mirror').onclick = () => {
  mirrored[camera.facing] = !mirrored[camera.facing];
  reflect();
};
view.onloadeddata = () => overlay || show(true);

const compare = element('compare');
compare.onpointerdown = ({ pointerId }) => {
  compare.setPointerCapture(pointerId);
  press(true);
};
compare.onpointerup = compare.onpointercancel = compare.onlostpointercapture = compare.onblur = () => press(false);
compare.onkeydown = ({ key }) => press(key === ' ' || key === 'Enter');
compare.onkeyup = () => press(false);
compare.oncontextmenu = (event) => event.preventDefault(); // a long press is a look, not a menu

document.addEventListener('visibilitychange', () => {
  if (!isRunning()) return;
  if (document.visibilityState === 'visible') {
    openCamera(() => camera.open());
    session.wake();
  } else {
    camera.stop(); // nobody looks: the camera is off
    session.replaceTrack(null);
  }
});
window.addEventListener('online', () => session.wake());
navigator.connection?.addEventListener?.('change', () => session.wake()); // from Wi-Fi to mobile and back
window.addEventListener('pagehide', () => {
  if (isRunning()) stop();
});

/** Comes in with the code and shows what there is to wear. Returns the state that says why not, or null. */
async function enter() {
  const problem = await join();
  if (!isRunning()) tell({ camera: unable() ?? problem ?? 'off' });
  if (!problem) loadGarments().catch((error) => console.warn('the garments come with the session instead', error));
  return problem;
}

window.addEventListener('hashchange', () => (entering = enter())); // another code was scanned while this page was open
tell({ camera: unable() ?? 'off' });
let entering = enter();
entering.then(() => (body.dataset.ready = ''));
