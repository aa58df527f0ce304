// A picture of the mirror, exactly as it was seen: the visible part of the video, mirrored if it was mirrored.

const QUALITY = 0.92;

/** Draws what `video` (or a canvas) shows onto `canvas` at the video's own resolution. Returns false while there is nothing to draw. */
export function takePicture(video, canvas, mirrored) {
  const part = visiblePart(video);
  if (!part) return false;
  canvas.width = part.width;
  canvas.height = part.height;
  const context = canvas.getContext('2d');
  if (mirrored) context.setTransform(-1, 0, 0, 1, part.width, 0);
  context.drawImage(video, part.x, part.y, part.width, part.height, 0, 0, part.width, part.height);
  return true;
}

/** The part of the video that `object-fit: cover` leaves visible, in the video's pixels; null while there is no picture. */
function visiblePart(video) {
  const { clientWidth, clientHeight } = video;
  const { videoWidth = video.width, videoHeight = video.height } = video;
  if (!videoWidth || !clientWidth) return null;
  const scale = Math.max(clientWidth / videoWidth, clientHeight / videoHeight);
  const width = Math.min(videoWidth, Math.round(clientWidth / scale));
  const height = Math.min(videoHeight, Math.round(clientHeight / scale));
  const [left, top] = getComputedStyle(video).objectPosition.split(' ').map((share) => parseFloat(share) / 100);
  return { x: Math.round((videoWidth - width) * left), y: Math.round((videoHeight - height) * top), width, height };
}

/** The canvas as a JPEG file with the time in its name. */
export async function pictureFile(canvas, now = new Date()) {
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', QUALITY));
  const local = new Date(now.getTime() - now.getTimezoneOffset() * 60000).toISOString();
  return new File([blob], `fitting-room-${local.slice(0, 19).replace(/[T:]/g, '-')}.jpg`, { type: 'image/jpeg' });
}

export function canShare(file) {
  return Boolean(navigator.canShare?.({ files: [file] }));
}

/** Opens the system's share sheet. Returns false when the shopper closed it. */
export async function sharePicture(file, text) {
  try {
    await navigator.share({ files: [file], text });
    return true;
  } catch (error) {
    if (error.name === 'AbortError') return false;
    throw error;
  }
}

/** Saves the file to the device's downloads. */
export function savePicture(file) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000); // iPhones read it only after the shopper has agreed
}
