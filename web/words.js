// Every sentence the shopper reads, in one place. To translate the page, translate this file (and the fallback line in index.html).

export const labels = {
  brand: 'Live fitting room',
  headline: 'See it on you',
  lead: 'Your camera becomes a mirror. Tap a garment and you are wearing it.',
  start: 'Start the mirror',
  retry: 'Try again',
  privacy: 'Pictures are not stored.',
  view: 'Your mirror picture',
  compare: 'Hold to see yourself without the garment',
  before: 'Before',
  controls: 'Mirror controls',
  garments: 'Garments',
  noGarment: 'No garment',
  switch: 'Switch camera',
  mirror: 'Mirror the picture',
  snapshot: 'Take a picture',
  stop: 'Stop the mirror',
  look: 'What am I wearing?',
  wearing: 'You are wearing',
  looking: 'Looking…',
  nothingWorn: 'Nothing could be made out. Stand in front of the camera, from head to hips.',
  nobodySeen: 'Nobody is in view. Stand in front of the camera.',
  askedInVain: 'The connection was lost. Ask again in a moment.',
  similar: 'Like it in the shop',
  inTheShop: 'See it in the shop',
  sheet: 'Your picture',
  picture: 'The picture you have taken',
  ownPicture: 'Only on this device until you share it.',
  consent: 'Pictures for better fitting',
  consentTitle: 'Help the mirror see better?',
  consentWhat: 'While this is on, up to {limit} small pictures of you are saved on this shop’s own server: 192 × 256 pixels, cut out of the video, with your face.',
  consentWhy: 'They help to make the mirror faster. They go nowhere else, and you can delete them here at any time.',
  consentSwitch: 'Keep pictures of me',
  consentCount: '{count} of {limit} kept',
  consentNone: 'Nothing of you is kept.',
  consentDone: '{count} kept. Thank you, that is enough.',
  consentFull: 'The shop has enough pictures. {count} of you are kept.',
  consentFault: 'No more can be kept at the moment. {count} of you are kept.',
  consentDelete: 'Delete mine',
  share: 'Share',
  save: 'Save',
  close: 'Close',
  shareText: 'How do you like it on me?',
};

/** What a piece can be, by the server's word for it. */
export const kinds = {
  dress: 'dress', longsleeve: 'long-sleeved top', outwear: 'jacket', pants: 'trousers', shirt: 'shirt', shorts: 'shorts', skirt: 'skirt', 't-shirt': 'T-shirt', top: 'top',
};

// How to allow a camera that was refused: the way differs with the browser.
const allow = {
  'ios-safari': 'Tap the page menu in the address bar (aA), choose Website Settings, set Camera to Allow, then tap “Try again”.',
  'ios-other': 'Open the iPhone’s Settings, find this browser in the list of apps, switch Camera on, then come back and tap “Try again”.',
  'android-chrome': 'Tap the icon left of the address, choose Permissions, allow Camera, then tap “Try again”.',
  'android-other': 'Open this browser’s menu, find the site settings, allow Camera, then tap “Try again”.',
  'desktop-chrome': 'Click the icon left of the address, allow Camera, then click “Try again”.',
  'desktop-safari': 'In the Safari menu choose Settings for This Website, set Camera to Allow, then click “Try again”.',
  'desktop-firefox': 'Click the crossed-out camera left of the address, remove the block, then click “Try again”.',
  'desktop-other': 'Allow the camera for this page in your browser’s settings, then click “Try again”.',
};

const fixed = {
  start: ['', ''],
  opening: ['Starting the camera…', ''],
  asking: ['Allow the camera', 'Your browser asks once. The mirror needs to see you.'],
  'no-camera': ['No camera found', 'Connect a camera, or open this page on your phone.'],
  busy: ['The camera is in use', 'Another app or tab is using it. Close that one, then try again.'],
  insecure: ['This page is not secure', 'Browsers open the camera on secure pages only. Open this page with https:// in front of its address.'],
  'too-old': ['This browser is too old', 'Update it, or open this page in Safari on an iPhone or in Chrome on Android.'],
  'in-app': ['Open this page in your browser', 'The camera does not work inside this app. Choose “Open in browser” from its menu.'],
  'camera-failed': ['The camera did not start', 'Try again. If it still does not start, restart your device.'],
  paused: ['The camera is paused', 'Another app may be using it. The mirror goes on when it is free.'],
  connecting: ['Connecting…', ''],
  reconnecting: ['Reconnecting…', ''],
  unreachable: ['Still trying to reconnect…', 'The fitting room cannot be reached. Check your connection.'],
  blocked: ['The picture cannot get through', 'This network may block live video. Try another Wi-Fi or mobile data.'],
  full: ['All mirrors are in use', 'Yours starts by itself as soon as one is free.'],
  refused: ['The mirror could not start', 'Please try again in a moment.'],
  'no-code': ['Scan the code in the shop', 'This mirror opens with the code on its screen. Point your camera at it.'],
  'code-ended': ['This code is no longer valid', 'Scan the one the screen shows now.'],
  elsewhere: ['The mirror is in another window', 'It goes on there. To have it here, tap “Try again”.'],
  choose: ['Tap a garment to try it on', ''],
  nobody: ['Nobody in view', 'Stand in front of the camera.'],
  'step-back': ['Step back a little', 'The mirror needs to see you from head to hips.'],
  turn: ['Turn to the camera', 'What you are wearing comes back when you face it.'],
  'no-such-garment': ['This garment is not available', 'Please choose another one.'],
  'no-garments': ['No garments yet', 'The shop has not hung any up. The mirror works all the same.'],
  'not-saved': ['The picture could not be saved', 'Please take it again.'],
  ok: ['', ''],
};

/** Every state the page can be in. */
export const states = ['denied', 'denied-by-system', ...Object.keys(fixed)];

/** The words for a state on this device, as {title, detail}. `device` comes from device.js; `place`: the shopper's in the queue, or none. */
export function wordsFor(state, device, place = 0) {
  if (state === 'full' && place) {
    return { title: fixed.full[0], detail: place === 1 ? 'You are next. Yours starts by itself.' : `You are number ${place} in line. Yours starts by itself.` };
  }
  if (state === 'denied') {
    return { title: 'The camera is not allowed', detail: allow[`${device.system}-${device.browser}`] ?? allow[`${device.system}-other`] };
  }
  if (state === 'denied-by-system') {
    return { title: 'The camera is switched off for this browser', detail: systemWay(device) };
  }
  const [title, detail] = fixed[state];
  return { title, detail };
}

function systemWay({ system }) {
  if (system === 'ios') return allow['ios-other'];
  if (system === 'android') return 'Open the phone’s Settings, then Apps, this browser, Permissions, and allow Camera. Then tap “Try again”.';
  return 'Allow this browser to use the camera in your system’s privacy settings, then click “Try again”.';
}

/** The big screen's. */
export const screenLabels = {
  brand: 'Live fitting room',
  headline: 'See it on you',
  lead: 'Scan the code, and this screen becomes your mirror.',
  scan: 'Point your phone’s camera here',
  privacy: 'Pictures are not stored.',
  code: 'The code to join with',
  ownCamera: 'Use this screen’s camera',
  fullScreen: 'Full screen',
};

/** What the big screen says to the shopper before it, as [title, detail]. */
export const screenSays = {
  start: ['Hello!', 'Tap “Start the mirror” on your phone, and stand where it sees you.'],
  stand: ['Hello!', 'Stand in front of this screen. Your phone changes the garment.'],
  reconnecting: ['One moment, please', ''],
};

/** What the phone says while it is the remote control. */
export const remoteSays = {
  ready: ['Look at the mirror', 'Tap a garment and you are wearing it up there.'],
  reconnecting: ['Connecting…', ''],
  over: ['The mirror is free again', 'Scan the code on the screen to go on.'],
};
