// The profiler's page: what is pressed and said. session.js measures, panels.js shows, recorder.js keeps.

import { CameraError } from '../camera.js';
import { describeDevice } from '../device.js';
import { wordsFor } from '../words.js';
import { Controls } from './controls.js';
import { Cost } from './cost.js';
import { Notes } from './notes.js';
import { Panels } from './panels.js';
import { canWatch } from './reader.js';
import { Recorder } from './recorder.js';
import { ProfileSession } from './session.js';
import { linkTo, parseSettings } from './settings.js';
import { stampingWay } from './stamper.js';

const WARM_UP_MS = 3000; // of a run from a link: the codecs settle before it is recorded
const WORDS = {
  off: 'Not running', opening: 'Opening the camera', connecting: 'Connecting', live: 'Running', reconnecting: 'Reconnecting', full: 'All places are taken: waiting',
  waiting: 'All places are taken: waiting', unreachable: 'The server cannot be reached: trying again', blocked: 'The picture cannot get through: trying again', refused: 'The server refused',
};

const element = (id) => document.getElementById(id);
const { settings, wrong } = parseSettings(location.search);
const cost = new Cost();
const notes = new Notes(element('notes'));
const panels = new Panels(cost);
const recorder = new Recorder(notes, { changed: () => panels.paint(), toggle: () => (recorder.running ? recorder.end() : record()) });
const controls = new Controls(settings, wear);
panels.recorder = recorder;
let session = null;
let sample = null;
let began = 0; // when Start was pressed
let firstDressed = null; // ms after it

// --- running ----------------------------------------------------------------------------------------------------------

async function start() {
  const problem = missing();
  notes.set('missing', problem);
  if (problem) return;
  tell('opening');
  [sample, firstDressed, began] = [null, null, performance.now()];
  session = new ProfileSession(settings, { local: element('local'), view: element('view'), composed: element('composed') }, {
    state: follow, garments: offer, frame: keepFrame, sample: keepSample, event: (what) => recorder.event(what), fault: (sentence) => notes.set('fault', sentence), overlaid,
  }, cost);
  controls.lock(true);
  panels.start();
  try {
    await session.start();
  } catch (error) {
    stop();
    if (!(error instanceof CameraError)) throw error;
    const { title, detail } = wordsFor(error.state, describeDevice(navigator));
    notes.set('camera', `${title}. ${detail}`);
  }
}

function stop() {
  recorder.end();
  recorder.enable(false);
  session?.stop();
  session = null;
  controls.lock(false);
  overlaid(false);
  for (const topic of ['camera', 'fault', 'channel', 'cost', 'hidden']) notes.set(topic, null);
  tell('off');
  panels.stop();
}

function record() {
  recorder.begin(settings, firstDressed, sample);
}

function follow(name) {
  tell(name);
  recorder.event(name);
  recorder.enable(name === 'live');
  if (name === 'live' && settings.run && !recorder.recording) setTimeout(() => session && !recorder.recording && record(), WARM_UP_MS);
}

/** Whether the garment is returned alone; and why not, where that was asked for. */
function overlaid(on, why = null) {
  document.body.classList.toggle('overlaid', on);
  notes.set('overlay', why);
}

function keepFrame(frame) {
  if (frame.garment && firstDressed === null) {
    firstDressed = frame.shown - began;
    recorder.dressed(firstDressed);
  }
  panels.frame(frame);
  recorder.frame(frame);
}

function keepSample(next) {
  sample = next;
  panels.sample(next);
  recorder.sample(next);
  notes.set('channel', next.quiet ? 'The control channel is silent: the server’s stages are missing, what the pixels tell goes on.' : null);
  notes.set('cost', next.cost > 2 ? `Measuring takes ${next.cost.toFixed(1)} ms a frame on this device: a part of what is shown is its own doing.` : null);
}

function offer(garments) {
  const unknown = controls.offer(garments);
  if (!unknown) return;
  notes.set('garment', `There is no garment “${unknown}” here.`);
  session?.wear(null);
}

function wear(id) {
  notes.set('garment', null);
  session?.wear(id);
}

// --- what is said -----------------------------------------------------------------------------------------------------

function tell(name) {
  document.body.dataset.state = name;
  element('status').textContent = WORDS[name] ?? wordsFor(name, describeDevice(navigator)).title;
}

/** Why it cannot run in this browser at all, or null. */
function missing() {
  if (!window.isSecureContext) return wordsFor('insecure', {}).detail;
  if (!navigator.mediaDevices?.getUserMedia || !window.RTCPeerConnection) return 'This browser has no camera or no WebRTC for pages: the profiler cannot run in it.';
  return null;
}

function sayWhatIsLess() {
  wrong.forEach((sentence, index) => notes.set(`link ${index}`, sentence));
  if (!canWatch()) notes.set('watch', 'This browser has no requestVideoFrameCallback: frames cannot be timed one by one, only the connection’s figures are shown.');
  else if (!stampingWay()) notes.set('stamp', 'This browser can neither process a camera’s frames nor capture a canvas: without the marker, times start at the server.');
  else if (stampingWay() === 'canvas') notes.set('stamp', 'This browser has no MediaStreamTrackProcessor: the marker goes over a canvas, which adds some milliseconds to what is measured.');
}

async function copyLink() {
  const link = linkTo({ ...settings, run: true });
  history.replaceState(null, '', link);
  try {
    await navigator.clipboard.writeText(link);
    notes.set('link', 'The link is copied: opened, it makes this run again.');
  } catch {
    notes.set('link', 'The link is in the address bar: opened, it makes this run again.');
  }
}

// --- wiring -----------------------------------------------------------------------------------------------------------

element('controls').onsubmit = (event) => {
  event.preventDefault();
  if (session) stop();
  else start();
};
element('link').onclick = copyLink;
document.addEventListener('visibilitychange', () => {
  if (!session) return;
  const hidden = document.visibilityState === 'hidden';
  recorder.event(hidden ? 'page hidden' : 'page shown');
  if (hidden) notes.set('hidden', 'The page was hidden: browsers show no frames then, so there is a gap.');
  else session.wake();
});
window.addEventListener('online', () => session?.wake());
window.addEventListener('pagehide', () => session && stop());

sayWhatIsLess();
fetch('/garments.json')
  .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(String(answer.status)))))
  .then(offer)
  .catch((error) => notes.set('garments', `The list of garments could not be loaded (${error.message}).`))
  .finally(() => settings.run && start());
document.body.dataset.ready = '';
