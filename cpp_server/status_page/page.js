'use strict';

const PERIOD_MS = 2000;
const TOKEN = 'trilho-token';
const SVG = 'http://www.w3.org/2000/svg';
// What an example holds for a dimension of any size.
const ANY_SIZE = 1;
// An example of more values than this shows the first of them only.
const MOST_VALUES = 4096;

const byId = (id) => document.getElementById(id);
// The server's text is never markup.
function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function headers() {
  const token = sessionStorage.getItem(TOKEN);
  return token ? {Authorization: 'Bearer ' + token} : {};
}

async function fetchJson(path) {
  const answer = await fetch(path, {headers: headers(), cache: 'no-store'});
  byId('access').hidden = answer.status !== 401;
  if (!answer.ok) throw new Error(path + ' is answered ' + answer.status);
  return answer.json();
}

// 1.5 ms, 12 ms, 3.1 s
function duration(micros) {
  if (micros < 1000) return micros + ' µs';
  const [value, unit] = micros < 1e6 ? [micros / 1e3, ' ms'] : [micros / 1e6, ' s'];
  return (value < 10 ? value.toFixed(1) : Math.round(value)) + unit;
}
function rate(value) {
  return value === 0 ? '0' : value < 10 ? value.toFixed(1) : String(Math.round(value));
}
function span(seconds) {
  if (seconds < 120) return Math.floor(seconds) + ' s';
  if (seconds < 7200) return Math.floor(seconds / 60) + ' min';
  return seconds < 172800 ? Math.floor(seconds / 3600) + ' h' : Math.floor(seconds / 86400) + ' d';
}

// Bars of calls a second, what failed in them, and a line of p99.
function chart(steps, title) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 ' + steps.length + ' 100');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', title);
  const mostCalls = Math.max(1, ...steps.map((step) => step.count));
  const mostMicros = Math.max(1, ...steps.map((step) => step.p99_micros));
  const bar = (x, height, className) => {
    if (height === 0) return;
    const rect = document.createElementNS(SVG, 'rect');
    for (const [name, value] of Object.entries({x, y: 100 - height, width: 0.8, height})) {
      rect.setAttribute(name, value);
    }
    rect.setAttribute('class', className);
    svg.append(rect);
  };
  let path = '';
  steps.forEach((step, i) => {
    bar(i, 90 * step.count / mostCalls, 'calls');
    bar(i, 90 * step.errors / mostCalls, 'failed');
    // A step without calls has no latency: the line has a gap there.
    if (step.count > 0) {
      const joined = i > 0 && steps[i - 1].count > 0;
      path += (joined ? 'L' : 'M') + (i + 0.4) + ' ' + (97 - 90 * step.p99_micros / mostMicros);
    }
  });
  const line = document.createElementNS(SVG, 'path');
  line.setAttribute('d', path);
  line.setAttribute('class', 'p99');
  svg.append(line);
  return svg;
}

function stateClass(version) {
  if (version.state === 'AVAILABLE') return 'good';
  return version.error_code === 'OK' ? 'wait' : 'bad';
}

function versionRow(status, model, version) {
  const row = document.createElement('tr');
  const name = element('td');
  name.append(element('div', model.name, 'name'), element('div', model.base_path, 'path'));
  if (model.problem) name.append(element('div', model.problem, 'reason bad'));
  row.append(name);
  if (!version) {
    row.append(element('td', '–'), element('td', 'NONE', 'state bad'));
    for (let i = 0; i < 5; ++i) row.append(element('td'));
    return row;
  }
  const number = element('td', version.version);
  for (const [label, labelled] of Object.entries(model.labels)) {
    if (labelled === version.version) number.append(element('span', label, 'label'));
  }
  const state = element('td');
  state.append(element('div', version.state, 'state ' + stateClass(version)));
  if (version.error_message) {
    state.append(element('div', version.error_code + ': ' + version.error_message, 'reason'));
  }
  row.append(number, state);
  const used = status.statistics.find((s) => s.model === model.name && s.version === version.version);
  if (!used) {
    row.append(element('td', '0', 'number'), element('td', '0', 'number'));
    row.append(element('td', '–', 'number'), element('td', '–', 'number'), element('td'));
    return row;
  }
  // The last step is not over.
  const last = used.steps.length > 1 ? used.steps[used.steps.length - 2] : used.steps[0];
  const perSecond = last.count / status.step_seconds;
  row.append(
      element('td', rate(perSecond), 'number'), element('td', String(used.window.errors), 'number'),
      element('td', duration(used.window.p50_micros), 'number'),
      element('td', duration(used.window.p99_micros), 'number'));
  const drawn = element('td');
  drawn.append(chart(used.steps, `${model.name} ${version.version}: ${used.window.count} calls, p99 ${
      duration(used.window.p99_micros)}`));
  row.append(drawn);
  return row;
}

function showVersions(status) {
  const rows = [];
  for (const model of status.models) {
    if (model.versions.length === 0) rows.push(versionRow(status, model, null));
    for (const version of model.versions) rows.push(versionRow(status, model, version));
  }
  byId('versions').replaceChildren(...rows);
}

function showServer(status) {
  const server = status.server;
  const memory = (server.resident_bytes / (1 << 20)).toFixed(0) + ' MiB';
  byId('server').className = '';
  byId('server').textContent = `${server.ready ? 'ready' : 'not ready'} · version ${server.version} · up ${
      span(server.uptime_seconds)} · ${memory} · configuration ${server.generation}`;
}

// Keeps what was chosen, if it is still there.
function setOptions(select, values) {
  const before = select.value;
  const known = [...select.options].map((option) => option.value);
  if (known.length === values.length && known.every((value, i) => value === values[i][0])) return;
  select.replaceChildren(...values.map(([value, text]) => {
    const option = element('option', text);
    option.value = value;
    return option;
  }));
  if (values.some(([value]) => value === before)) select.value = before;
}

const chosen = {key: '', signatures: {}};

async function chooseSignatures(status) {
  setOptions(byId('model'), status.models.map((model) => [model.name, model.name]));
  const model = status.models.find((one) => one.name === byId('model').value);
  const available = model ? model.versions.filter((version) => version.state === 'AVAILABLE') : [];
  setOptions(byId('version'), [
    ['', 'latest'],
    ...available.map((version) => ['versions/' + version.version, version.version]),
    ...Object.keys(model ? model.labels : {}).map((label) => ['labels/' + encodeURIComponent(label), label]),
  ]);
  const newest = available.length > 0 ? available[0].version : '';
  const key = model ? [model.name, byId('version').value, newest].join('/') : '';
  if (key === chosen.key) return;
  chosen.signatures = {};
  if (newest !== '' && status.infers) {
    const metadata = await fetchJson(modelPath() + '/metadata');
    chosen.signatures = metadata.metadata.signature_def.signature_def;
  }
  chosen.key = key;
  const names = Object.keys(chosen.signatures).filter((name) => !name.startsWith('__')).sort();
  setOptions(byId('signature'), names.map((name) => [name, name]));
  if (names.includes('serving_default') && !byId('signature').dataset.touched) {
    byId('signature').value = 'serving_default';
  }
  showSignature();
}

function modelPath() {
  const version = byId('version').value;
  return '/v1/models/' + encodeURIComponent(byId('model').value) + (version ? '/' + version : '');
}

function verb(signature) {
  const method = signature.method_name.split('/').pop();
  return method === 'classify' || method === 'regress' ? method : 'predict';
}

function sizes(tensor) {
  return tensor.tensor_shape.unknown_rank ? null : tensor.tensor_shape.dim.map((dim) => Number(dim.size));
}

function showSignature() {
  const signature = chosen.signatures[byId('signature').value];
  const rows = [];
  for (const kind of ['inputs', 'outputs']) {
    for (const [name, tensor] of Object.entries(signature ? signature[kind] : {}).sort()) {
      const row = document.createElement('tr');
      const shape = sizes(tensor);
      row.append(
          element('td', kind === 'inputs' ? 'in' : 'out', 'path'), element('td', name, 'name'),
          element('td', tensor.dtype.replace('DT_', '').toLowerCase()),
          element('td', shape ? '[' + shape.map((size) => (size < 0 ? '?' : size)).join(', ') + ']' : 'any'));
      rows.push(row);
    }
  }
  byId('tensors').replaceChildren(...rows);
  byId('method').textContent = signature ? 'method ' + signature.method_name : 'no version is available';
  byId('send').disabled = byId('example').disabled = !signature;
  byId('target').textContent = signature ? modelPath() + ':' + verb(signature) : '';
  if (signature) byId('body').value = example(signature);
}

function exampleElement(dtype) {
  if (dtype === 'DT_STRING') return 'text';
  if (dtype === 'DT_BOOL') return false;
  return dtype === 'DT_FLOAT' || dtype === 'DT_DOUBLE' || dtype === 'DT_HALF' ? 0.5 : 0;
}

function exampleTensor(dtype, shape) {
  if (shape.length === 0) return exampleElement(dtype);
  const size = shape[0] < 0 ? ANY_SIZE : shape[0];
  return Array.from({length: size}, () => exampleTensor(dtype, shape.slice(1)));
}

function example(signature) {
  const name = byId('signature').value;
  const body = name === 'serving_default' ? {} : {signature_name: name};
  if (verb(signature) !== 'predict') {
    body.examples = [{feature: 0.5}];
    return JSON.stringify(body, null, 1);
  }
  body.inputs = {};
  let values = 0;
  for (const [alias, tensor] of Object.entries(signature.inputs)) {
    const shape = sizes(tensor) || [ANY_SIZE];
    values += shape.reduce((product, size) => product * (size < 0 ? ANY_SIZE : size), 1);
    if (values > MOST_VALUES) return JSON.stringify({...body, inputs: {[alias]: '… too large for an example'}});
    body.inputs[alias] = exampleTensor(tensor.dtype, shape);
  }
  return JSON.stringify(body);
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 1);
  } catch (error) {
    // NaN and Infinity, which JSON proper does not have.
    return text;
  }
}

async function send(event) {
  event.preventDefault();
  const outcome = byId('outcome');
  outcome.className = '';
  outcome.textContent = '…';
  const begin = performance.now();
  try {
    const answer = await fetch(byId('target').textContent, {
      method: 'POST',
      headers: {...headers(), 'Content-Type': 'application/json'},
      body: byId('body').value,
    });
    const text = await answer.text();
    outcome.className = answer.ok ? 'good' : 'bad';
    outcome.textContent = `${answer.status} in ${duration(Math.round(1000 * (performance.now() - begin)))}`;
    byId('answer').textContent = pretty(text);
  } catch (error) {
    outcome.className = 'bad';
    outcome.textContent = 'no answer: ' + error.message;
    byId('answer').textContent = '';
  }
}

async function refresh() {
  try {
    const status = await fetchJson('/statusz');
    showServer(status);
    showVersions(status);
    await chooseSignatures(status);
  } catch (error) {
    byId('server').className = 'gone';
    byId('server').textContent = 'the server does not answer: ' + error.message;
  }
}

async function poll() {
  // Nobody looks at a hidden page.
  if (!document.hidden) await refresh();
  setTimeout(poll, PERIOD_MS);
}

for (const id of ['model', 'version']) {
  byId(id).addEventListener('change', () => refresh());
}
byId('signature').addEventListener('change', () => {
  byId('signature').dataset.touched = 'yes';
  showSignature();
});
byId('request').addEventListener('submit', send);
byId('example').addEventListener('click', showSignature);
byId('token-form').addEventListener('submit', (event) => {
  event.preventDefault();
  sessionStorage.setItem(TOKEN, byId('token').value);
  byId('token').value = '';
  refresh();
});
poll();
