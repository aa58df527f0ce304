// Staff sign in here and go on to the page they wanted.

const [form, password, said] = ['form', 'password', 'said'].map((id) => document.getElementById(id));

/** The page asked for; never one of another server. */
function next() {
  const wanted = new URL(new URLSearchParams(location.search).get('next') ?? '/', location.origin);
  return wanted.origin === location.origin ? wanted.pathname : '/';
}

form.onsubmit = async (event) => {
  event.preventDefault();
  const button = form.querySelector('button');
  button.disabled = true;
  said.textContent = '';
  try {
    const body = JSON.stringify({ password: password.value });
    const answer = await fetch('/signin', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
    if (answer.ok) return location.replace(next());
    said.textContent = await answer.text();
    password.select();
  } catch {
    said.textContent = 'The server cannot be reached. Try again.';
  }
  button.disabled = false;
};
