// Coming in: the code of the address is posted once and taken out of sight. It stands behind a #, which no preview of the address sends.

/** Uses the code of this page's address up, if it has one. Returns null when the shopper is in, else the state of words.js that says why not. */
export async function join() {
  const code = location.hash.slice(1);
  if (code) history.replaceState(null, '', location.pathname);
  try {
    if (code) {
      const answer = await fetch('/join', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ code }) });
      if (answer.ok) return here(await answer.json());
    }
    const { joined, camera } = await (await fetch('/join')).json(); // also after a used code: a phone that is in may scan it again
    if (joined) return here({ camera });
    return code ? 'code-ended' : 'no-code';
  } catch (error) {
    console.warn('the server was not reached', error);
    return null; // the session says so, and goes on trying
  }
}

/** The shopper is in: on this page, or, before a screen with a camera of its own, on the remote control's. */
function here({ camera }) {
  if (camera === 'screen') location.replace('/remote');
  return null;
}
