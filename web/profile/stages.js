// The stages of a frame's trip, in its order: what they are called and which colour they have.
// A group is a place the frame is in; groups have colours that colour-blind people tell apart (Okabe and Ito), in light and dark.

export const groups = [
  { key: 'out', label: 'Page, sending' },
  { key: 'up', label: 'Network up' },
  { key: 'in', label: 'Server, receiving' },
  { key: 'dress', label: 'Dressing' },
  { key: 'back', label: 'Server, sending' },
  { key: 'down', label: 'Network down' },
  { key: 'show', label: 'Page, receiving' },
];

/** `means` says where a stage's time comes from. `after`: it follows the moment the frame counts as shown. */
export const stages = [
  { key: 'capture', group: 'out', label: 'Capture', means: 'From the camera’s own capture time to this page' },
  { key: 'marker', group: 'out', label: 'Marker', means: 'Putting the number into the pixels: only while measuring' },
  { key: 'page_encode', group: 'out', label: 'Page encode', means: 'Mean of the last second, from getStats' },
  { key: 'pacer', group: 'out', label: 'Page pacer', means: 'How long packets wait to be sent: mean of the last second, from getStats' },
  { key: 'up', group: 'up', label: 'Network up', means: 'To the first packet at the server; off by the clock’s error' },
  { key: 'gather', group: 'in', label: 'Server jitter buffer', means: 'From a frame’s first packet to its last' },
  { key: 'decode', group: 'in', label: 'Server decode', means: 'Waiting for the decoder and decoding' },
  { key: 'wait', group: 'in', label: 'Mailbox', means: 'Waiting for the worker; a newer frame replaces this one' },
  { key: 'to_rgb', group: 'dress', label: 'To RGB', means: 'Colour conversion' },
  { key: 'find', group: 'dress', label: 'Find', means: 'Where the person is' },
  { key: 'crop', group: 'dress', label: 'Crop', means: 'The person, at the network’s size' },
  { key: 'body', group: 'dress', label: 'Body', means: 'The body network' },
  { key: 'fit', group: 'dress', label: 'Fit', means: 'Where the garment belongs' },
  { key: 'dress', group: 'dress', label: 'Dress', means: 'Warping and shading the garment' },
  { key: 'paste', group: 'dress', label: 'Paste', means: 'Blending it into the picture' },
  { key: 'to_yuv', group: 'dress', label: 'To YUV', means: 'Colour conversion' },
  { key: 'pack', group: 'dress', label: 'Pack', means: 'What was drawn, and how much it covers: only where the garment is returned alone' },
  { key: 'rest', group: 'dress', label: 'Other', means: 'What the worker did beside these, the marker among it' },
  { key: 'out', group: 'back', label: 'Encoder wait', means: 'Waiting for the encoder; a newer frame replaces this one' },
  { key: 'encode', group: 'back', label: 'Server encode', means: 'Encoding the returned picture' },
  { key: 'send', group: 'back', label: 'Send', means: 'From the encoder to the last packet' },
  { key: 'down', group: 'down', label: 'Network down', means: 'To the last packet at this page; off by the clock’s error' },
  { key: 'jitter', group: 'show', label: 'Page jitter buffer', means: 'From the last packet to shown, less decoding' },
  { key: 'page_decode', group: 'show', label: 'Page decode', means: 'The browser’s processingDuration of this frame' },
  { key: 'lay', group: 'show', label: 'Lay over', means: 'Waiting for the page’s thread and drawing: only where the garment is returned alone' },
  { key: 'display', group: 'show', label: 'Display', means: 'From shown to the screen’s refresh', after: true },
];

export const stageKeys = stages.map(({ key }) => key);

const groupOf = Object.fromEntries(stages.map(({ key, group, after }) => [key, after ? null : group]));

/** {group: ms} of a frame's stages, without what comes after it is shown. */
export function byGroup(ms) {
  const sums = Object.fromEntries(groups.map(({ key }) => [key, 0]));
  for (const [key, value] of Object.entries(ms)) if (groupOf[key]) sums[groupOf[key]] += value;
  return sums;
}
