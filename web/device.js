// What the browser says it is. Used for wording only: what the page does is decided by what the browser can do.

/** {system: ios | android | desktop, browser: safari | chrome | firefox | other, inApp: boolean} */
export function describeDevice({ userAgent, maxTouchPoints = 0 }) {
  const system = systemOf(userAgent, maxTouchPoints);
  return { system, browser: browserOf(userAgent, system), inApp: /FBAN|FBAV|Instagram|Line\/|MicroMessenger|TikTok|musical_ly|; wv\)/.test(userAgent) };
}

function systemOf(agent, touchPoints) {
  if (/iPhone|iPad|iPod/.test(agent)) return 'ios';
  if (/Macintosh/.test(agent) && touchPoints > 1) return 'ios'; // an iPad says it is a Mac
  return /Android/.test(agent) ? 'android' : 'desktop';
}

function browserOf(agent, system) {
  if (/SamsungBrowser|OPR\/|OPT\/|DuckDuckGo/.test(agent)) return 'other';
  if (/Firefox\//.test(agent)) return 'firefox';
  if (/CriOS|FxiOS|EdgiOS/.test(agent)) return 'other';
  if (/Chrome\//.test(agent)) return system === 'ios' ? 'other' : 'chrome';
  return /Safari\//.test(agent) ? 'safari' : 'other';
}
