// Looks at the server every two seconds, and says so when it cannot.

const PERIOD_MS = 2000;
// Of a look; a request of the form may take as long as it wants.
const PATIENCE_MS = 10000;
const TOKEN = 'trilho-token';

class TokenNeeded extends Error {}

let status = null;
let timer = 0;
// When answers stopped coming.
let goneSince = '';

// As fetch, with the token.
async function ask(path, options) {
  const token = sessionStorage.getItem(TOKEN);
  const headers = {...options.headers, ...(token ? {Authorization: 'Bearer ' + token} : {})};
  const answer = await fetch(path, {...options, headers, cache: 'no-store'});
  if (answer.status === 401) askForToken(token !== null);
  return answer;
}

async function fetchJson(path) {
  const answer = await ask(path, {signal: AbortSignal.timeout(PATIENCE_MS)});
  if (answer.status === 401) throw new TokenNeeded();
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error || `${path} is answered ${answer.status}`);
  return body;
}

function askForToken(refused) {
  byId('access').hidden = false;
  setText(byId('token-note'), refused ? 'the server does not take this token' : '');
}

function showState(text, look) {
  setText(byId('state'), text);
  setClass(byId('state'), look);
}

function showServer() {
  const server = status.server;
  const models = status.models;
  const available = models.filter((model) => model.versions.some((version) => version.state === 'AVAILABLE'));
  showState(server.ready ? 'ready' : 'not ready', server.ready ? 'good' : 'bad');
  setText(byId('available'), `${available.length} of ${models.length}`);
  setText(byId('uptime'), span(server.uptime_seconds));
  setText(byId('memory'), Math.round(server.resident_bytes / (1 << 20)) + ' MiB');
  setText(byId('generation'), String(server.generation));
  setText(byId('release'), server.version);
  byId('warnings').hidden = status.warnings.length === 0;
  const shown = [...byId('warnings').children].map((one) => one.textContent);
  if (JSON.stringify(shown) === JSON.stringify(status.warnings)) return;
  byId('warnings').replaceChildren(...status.warnings.map((warning) => element('li', '', warning)));
}

async function refresh() {
  try {
    status = await fetchJson('/statusz');
    goneSince = '';
    setClass(byId('main'), '');
    byId('access').hidden = true;
    byId('forget').hidden = sessionStorage.getItem(TOKEN) === null;
    showServer();
    showModels(status);
  } catch (error) {
    if (error instanceof TokenNeeded) return showState('a token is needed', 'wait');
    goneSince = goneSince || new Date().toLocaleTimeString();
    setClass(byId('main'), 'stale');
    return showState(`no answer since ${goneSince}: ${error.message}`, 'bad');
  }
  return showChoice(status);
}

async function poll() {
  clearTimeout(timer);
  // Nobody looks at a hidden page.
  if (!document.hidden) await refresh();
  clearTimeout(timer);
  timer = setTimeout(poll, PERIOD_MS);
}

document.addEventListener('visibilitychange', poll);
for (const id of ['model', 'version']) {
  byId(id).addEventListener('change', () => showChoice(status));
}
byId('signature').addEventListener('change', showSignature);
byId('reset').addEventListener('click', showExample);
byId('request').addEventListener('submit', (event) => {
  event.preventDefault();
  send();
});
byId('body').addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) byId('request').requestSubmit();
});
byId('token-form').addEventListener('submit', (event) => {
  event.preventDefault();
  sessionStorage.setItem(TOKEN, byId('token').value);
  byId('token').value = '';
  poll();
});
byId('forget').addEventListener('click', () => {
  sessionStorage.removeItem(TOKEN);
  poll();
});
poll();
