// The profiler's page: controls, figures and charts. What is measured is session.js's matter.

import { CameraError } from '../camera.js';
import { describeDevice } from '../device.js';
import { wordsFor } from '../words.js';
import { Cost } from './cost.js';
import { toCsv } from './csv.js';
import { drawDistribution } from './distribution.js';
import { canWatch } from './reader.js';
import { LONGEST, Recording } from './recording.js';
import { ProfileSession } from './session.js';
import { linkTo, parseSettings } from './settings.js';
import { byGroup, groups, stageKeys } from './stages.js';
import { stampingWay } from './stamper.js';
import { niceStep, percentile, summarize, summarizeFrames } from './statistics.js';
import { Surface } from './surface.js';
import { fillDrops, fillLegend, fillTable } from './table.js';
import { drawTimeline, Minute } from './timeline.js';
import { fromTrace, toTrace } from './trace.js';
import { drawWaterfall } from './waterfall.js';

const FIGURES_MS = 10000; // what the large figures are of
const KEPT_MS = 60000; // frames that are at hand without a recording
const LAST_FRAME_MS = 250; // the waterfall is drawn so often
const CHARTS_MS = 500; // the rest
const WARM_UP_MS = 3000; // of a run from a link: the codecs settle before it is recorded

const element = (id) => document.getElementById(id);
const { settings, wrong } = parseSettings(location.search);
const cost = new Cost();
const notes = new Map(); // by topic
let session = null;
let state = 'off';
let kept = []; // frames of the last minute
let minute = new Minute();
let sample = null;
let recording = null; // the one under way or made last
let isRecording = false;
let earlier = null; // {recording, summary, totals, medians} to compare with
let held = null;
let dropsSeen = 0;
let began = 0; // when Start was pressed
let firstDressed = null; // ms after it
let loop = null;

// --- what is said ---------------------------------------------------------------------------------------------------------

const WORDS = {
  off: 'Not running', opening: 'Opening the camera', connecting: 'Connecting', live: 'Running', reconnecting: 'Reconnecting',
  unreachable: 'The server cannot be reached: trying again', blocked: 'The picture cannot get through: trying again', full: 'All places are taken: waiting', refused: 'The server refused',
};

function tell(name) {
  state = name;
  document.body.dataset.state = name;
  element('status').textContent = WORDS[name] ?? wordsFor(name, describeDevice(navigator)).title;
}

/** A sentence that stays until it is taken back with null. */
function note(topic, sentence) {
  if ((notes.get(topic) ?? null) === sentence) return;
  if (sentence) notes.set(topic, sentence);
  else notes.delete(topic);
  element('notes').replaceChildren(...[...notes.values()].map((text) => Object.assign(document.createElement('li'), { textContent: text })));
}

function missing() {
  if (!window.isSecureContext) return wordsFor('insecure', {}).detail;
  if (!navigator.mediaDevices?.getUserMedia || !window.RTCPeerConnection) return 'This browser has no camera or no WebRTC for pages: the profiler cannot run in it.';
  return null;
}

function sayWhatIsMissing() {
  wrong.forEach((sentence, index) => note(`link ${index}`, sentence));
  if (!canWatch()) note('watch', 'This browser has no requestVideoFrameCallback: frames cannot be timed one by one, only the means of getStats are shown.');
  else if (!stampingWay()) note('stamp', 'This browser can neither process a camera’s frames nor capture a canvas: without the marker, times start at the server.');
  else if (stampingWay() === 'canvas') note('stamp', 'This browser has no MediaStreamTrackProcessor: the marker goes over a canvas, which adds some milliseconds to what is measured.');
}

// --- running --------------------------------------------------------------------------------------------------------------

async function start() {
  readControls();
  const problem = missing();
  if (problem) return note('missing', problem);
  tell('opening');
  began = performance.now();
  firstDressed = null;
  kept = [];
  minute = new Minute();
  sample = null;
  dropsSeen = 0;
  session = new ProfileSession(settings, { local: element('local'), view: element('view') }, {
    state: follow, garments: offer, frame: keepFrame, sample: keepSample, event: happen, fault: (sentence) => note('fault', sentence),
  }, cost);
  element('start').textContent = 'Stop';
  lock(true);
  loop = [setInterval(() => cost.of(paintLast), LAST_FRAME_MS), setInterval(() => cost.of(paintRest), CHARTS_MS)];
  try {
    await session.start();
  } catch (error) {
    stop();
    if (!(error instanceof CameraError)) throw error;
    const { title, detail } = wordsFor(error.state, describeDevice(navigator));
    note('camera', `${title}. ${detail}`);
  }
}

function stop() {
  if (isRecording) endRecording();
  session?.stop();
  session = null;
  for (const timer of loop ?? []) clearInterval(timer);
  element('start').textContent = 'Start';
  element('record').disabled = true;
  lock(false);
  for (const topic of ['camera', 'fault', 'channel', 'cost']) note(topic, null);
  tell('off');
}

function follow(name) {
  tell(name);
  happen(name);
  element('record').disabled = name !== 'live' && !isRecording;
  if (name === 'live' && settings.run && !recording) setTimeout(() => session && !isRecording && beginRecording(), WARM_UP_MS);
}

function happen(what) {
  if (isRecording) recording.events.push({ at: performance.now(), what });
}

function keepFrame(frame) {
  if (frame.garment) firstDressed ??= frame.shown - began;
  kept.push(frame);
  while (frame.shown - kept[0].shown > KEPT_MS) kept.shift();
  minute.add(frame);
  if (!isRecording) return;
  recording.frames.push(frame);
  const limit = settings.seconds ? settings.seconds * 1000 : LONGEST;
  if (recording.length >= limit) endRecording();
}

function keepSample(next) {
  const total = Object.values(next.drops).reduce((sum, count) => sum + count, 0);
  minute.drop(total - dropsSeen, next.at);
  dropsSeen = total;
  sample = next;
  if (isRecording) recording.samples.push({ at: next.at, up: next.up, down: next.down, limited: next.limited, rtt: next.rtt, drops: next.drops, cost: next.cost });
  note('channel', next.quiet ? 'The control channel is silent: the server’s stages are missing, what the pixels tell goes on.' : null);
  note('cost', next.cost > 2 ? `Measuring takes ${next.cost.toFixed(1)} ms a frame on this device: a part of what is shown is its own doing.` : null);
}

// --- recording --------------------------------------------------------------------------------------------------------------

function beginRecording() {
  isRecording = true;
  recording = new Recording({ ...settings }, { agent: navigator.userAgent, url: location.origin, firstDressed });
  if (sample) recording.samples.push({ at: sample.at, up: sample.up, down: sample.down, limited: sample.limited, rtt: sample.rtt, drops: sample.drops, cost: sample.cost });
  element('record').setAttribute('aria-pressed', 'true');
  element('record').textContent = 'Stop recording';
  lockFiles();
}

function endRecording() {
  isRecording = false;
  element('record').setAttribute('aria-pressed', 'false');
  element('record').textContent = 'Record';
  lockFiles();
  element('summary').textContent = JSON.stringify(recording.summary());
  document.body.dataset.recorded = String(recording.frames.length);
}

function lockFiles() {
  const made = Boolean(recording?.frames.length) && !isRecording;
  element('trace').disabled = element('csv').disabled = !made;
  element('recorded').textContent = isRecording ? 'under way' : made ? `${recording.frames.length} frames, ${(recording.length / 1000).toFixed(0)} s` : '';
}

function save(text, type, ending) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = `${recording.name}.${ending}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

async function compareWith(file) {
  try {
    const loaded = fromTrace(await file.text());
    const summary = summarizeFrames(loaded.frames, stageKeys);
    const medians = Object.fromEntries(Object.entries(summary.stages).map(([key, { p50 }]) => [key, p50]));
    earlier = { recording: loaded, summary, medians, totals: loaded.frames.map(({ total }) => total) };
    note('file', null);
  } catch (error) {
    note('file', `${file.name} cannot be compared with: ${error.message}`);
  }
  showEarlier();
}

function showEarlier() {
  document.body.classList.toggle('comparing', Boolean(earlier));
  element('clear').hidden = !earlier;
  note('earlier', earlier && `Outlined: ${earlier.recording.name}, ${earlier.recording.frames.length} frames, p50 ${earlier.summary.total.p50.toFixed(1)} ms.`);
  paintLast();
  paintRest();
}

// --- pictures ---------------------------------------------------------------------------------------------------------------

let scale = 60; // ms across the waterfall: it changes rarely, so that frames can be compared by eye

const waterfall = new Surface(element('waterfall'), (...canvas) => {
  const frame = held ?? kept.at(-1);
  drawWaterfall(...canvas, { frame, earlier: earlier?.medians, scale });
});
const timeline = new Surface(element('timeline'), (...canvas) => {
  drawTimeline(...canvas, { columns: minute.columns(performance.now()), earlier: earlier?.summary.total.p50 });
});
const distribution = new Surface(element('histogram'), (...canvas) => {
  drawDistribution(...canvas, { totals: shownFrames().map(({ total }) => total), earlier: earlier?.totals });
});

/** What the histogram and the table are of: the recording, else the last minute. */
function shownFrames() {
  return recording?.frames.length && (isRecording || !session) ? recording.frames : kept;
}

function paintLast() {
  const frame = held ?? kept.at(-1);
  const length = frame ? Math.max(frame.total || 0, Object.values(frame.ms).reduce((sum, ms) => sum + Math.max(0, ms), 0)) : 0;
  if (length > scale || length < scale / 3) scale = Math.max(40, niceStep(length / 4) * 5);
  element('which').textContent = frame ? `${frame.number ?? 'without a number'}${frame.garment ? ` · ${frame.garment}` : ''}${frame.error === null ? '' : ` · clock ± ${frame.error.toFixed(1)} ms`}` : '';
  waterfall.paint();
}

function paintRest() {
  const now = performance.now();
  const recent = kept.filter(({ shown }) => now - shown < FIGURES_MS);
  const { p50, p95, p99 } = summarize(recent.map(({ total }) => total));
  element('p50').value = Number.isFinite(p50) ? p50.toFixed(0) : '–';
  element('p95').textContent = inMs(p95, 0);
  element('p99').textContent = inMs(p99, 0);
  const since = recent.length > 1 ? (recent.at(-1).shown - recent[0].shown) / 1000 : 0;
  element('fps').textContent = since ? `${((recent.length - 1) / since).toFixed(1)} fps` : '–';
  if (sample) paintSample();
  timeline.paint();
  distribution.paint();
  const frames = shownFrames();
  element('counted').textContent = frames.length ? `${frames.length} frames` : '';
  element('span').textContent = frames.length ? (frames === kept ? 'last 60 s, ms' : 'recording, ms') : '';
  fillTable(document.querySelector('#table tbody'), summarizeFrames(frames, stageKeys), earlier?.summary);
  fillLegend(element('legend'), groupMedians(recent));
  if (isRecording) element('recorded').textContent = `under way, ${(recording.length / 1000).toFixed(0)} s`;
}

function groupMedians(frames) {
  const sums = frames.map(({ ms }) => byGroup(ms));
  return Object.fromEntries(groups.map(({ key }) => [key, percentile(sums.map((each) => each[key]).sort((a, b) => a - b), 0.5)]));
}

function paintSample() {
  const { up, down, limited, rtt, clock, drops } = sample;
  const flow = ({ width, height, fps, kbps, codec }) => `${width ?? '–'}×${height ?? '–'} · ${fps.toFixed(0)} fps · ${(kbps / 1000).toFixed(1)} Mbit/s · ${codec ?? '–'}`;
  element('sent').textContent = flow(up);
  element('returned').textContent = flow(down);
  element('limited').textContent = limited && limited !== 'none' ? limited : 'nothing';
  element('limited').className = limited && limited !== 'none' ? 'alert' : '';
  element('rtt').textContent = inMs(rtt, 1);
  element('clock').textContent = clock ? `± ${clock.error.toFixed(2)} ms` : 'not known';
  element('cost').textContent = Number.isFinite(sample.cost) ? `${sample.cost.toFixed(2)} ms a frame` : '–';
  element('cost').className = sample.cost > 2 ? 'alert' : '';
  fillDrops(element('drops'), drops, kept.length);
}

function inMs(value, digits) {
  return Number.isFinite(value) ? `${value.toFixed(digits)} ms` : '–';
}

// --- controls -----------------------------------------------------------------------------------------------------------------

function offer(garments) {
  const select = element('garment');
  select.replaceChildren(new Option('none', ''), ...garments.map(({ id, name }) => new Option(name, id)));
  if (settings.garment && !garments.some(({ id }) => id === settings.garment)) {
    note('garment', `There is no garment “${settings.garment}” here.`);
    settings.garment = null;
    session?.wear(null);
  }
  select.value = settings.garment ?? '';
}

function readControls() {
  settings.garment = element('garment').value || settings.garment;
  settings.size = element('size').value.split('x').map(Number);
  settings.codec = element('codec').value || null;
  settings.seconds = Number(element('seconds').value);
}

function showControls() {
  const choose = (id, value) => {
    const select = element(id);
    if (![...select.options].some((option) => option.value === value)) select.append(new Option(id === 'seconds' ? `${value} s` : value, value));
    select.value = value;
  };
  choose('size', settings.size.join('x'));
  choose('codec', settings.codec ?? '');
  choose('seconds', String(settings.seconds));
}

/** What is settled while it runs cannot be changed then. */
function lock(on) {
  for (const id of ['size', 'codec']) element(id).disabled = on;
}

async function loadGarments() {
  const answer = await fetch('/garments.json');
  if (!answer.ok) throw new Error(`/garments.json: ${answer.status}`);
  offer(await answer.json());
}

element('controls').onsubmit = (event) => {
  event.preventDefault();
  if (session) stop();
  else start();
};
element('record').onclick = () => (isRecording ? endRecording() : beginRecording());
element('garment').onchange = ({ target }) => {
  settings.garment = target.value || null;
  note('garment', null);
  session?.wear(settings.garment);
};
element('seconds').onchange = ({ target }) => (settings.seconds = Number(target.value));
element('hold').onclick = ({ currentTarget }) => {
  held = held ? null : (kept.at(-1) ?? null);
  currentTarget.setAttribute('aria-pressed', String(Boolean(held)));
  paintLast();
};
element('trace').onclick = () => save(JSON.stringify(toTrace(recording)), 'application/json', 'json');
element('csv').onclick = () => save(toCsv(recording), 'text/csv', 'csv');
element('file').onchange = ({ target }) => {
  if (target.files.length) compareWith(target.files[0]);
  target.value = '';
};
element('clear').onclick = () => {
  earlier = null;
  showEarlier();
};
element('link').onclick = async () => {
  readControls();
  const link = linkTo({ ...settings, run: true });
  history.replaceState(null, '', link);
  try {
    await navigator.clipboard.writeText(link);
    note('link', 'The link is copied: opened, it makes this run again.');
  } catch {
    note('link', 'The link is in the address bar: opened, it makes this run again.');
  }
};
document.addEventListener('visibilitychange', () => {
  const hidden = document.visibilityState === 'hidden';
  happen(hidden ? 'page hidden' : 'page shown');
  note('hidden', hidden ? 'The page was hidden: browsers show no frames then, so there is a gap.' : null);
  if (!hidden) session?.wake();
});
window.addEventListener('online', () => session?.wake());
window.addEventListener('pagehide', () => session && stop());

showControls();
sayWhatIsMissing();
fillLegend(element('legend'), {});
fillDrops(element('drops'), {}, 0);
loadGarments()
  .catch((error) => note('garments', `The list of garments could not be loaded (${error.message}).`))
  .then(() => settings.run && start());
document.body.dataset.ready = '';
