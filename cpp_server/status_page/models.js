// The table of models and versions. Its rows stay in place from one look to the next.

const CELLS = ['state', 'calls/s', 'calls', 'errors', 'p50', 'p99', 'throughput', 'latency'];
// How the server calls versions, and models, for which it has no place of their own.
const OTHER = 'other';
const groups = new Map();

function newGroup() {
  const body = element('tbody');
  const row = element('tr', 'model');
  const head = element('th');
  head.scope = 'rowgroup';
  head.colSpan = CELLS.length + 1;
  const parts = {name: element('span', 'name'), path: element('span', 'path'), problem: element('div', 'reason bad')};
  head.append(parts.name, parts.path, parts.problem);
  row.append(head);
  return {body, row, parts, versions: new Map()};
}

function newVersion() {
  const row = element('tr');
  const head = element('th');
  head.scope = 'row';
  const made = {row, head, cells: {}, drawn: ''};
  row.append(head);
  for (const name of CELLS) {
    const cell = element('td', name === 'throughput' || name === 'latency' ? 'drawn' : name === 'state' ? '' : 'number');
    cell.dataset.label = name;
    made.cells[name] = cell;
    row.append(cell);
  }
  made.state = element('div', 'state');
  made.reason = element('div', 'reason');
  made.cells.state.append(made.state, made.reason);
  return made;
}

// Makes what `map` does not have, and forgets what nobody asked for.
function keyed(map, keys, make) {
  for (const key of [...map.keys()]) {
    if (!keys.includes(key)) map.delete(key);
  }
  return keys.map((key) => {
    if (!map.has(key)) map.set(key, make());
    return map.get(key);
  });
}

function stateOf(version) {
  if (version.state === 'AVAILABLE') return ['AVAILABLE', 'good'];
  const failed = version.error_code !== 'OK';
  // Still being written: it will be looked at again.
  if (version.state === 'END' && version.error_code === 'UNAVAILABLE') return ['WAITING', 'wait'];
  if (version.state === 'END') return failed ? ['FAILED', 'bad'] : ['ENDED', 'over'];
  return [version.state, failed ? 'bad' : 'wait'];
}

// What a label that waits for its version answers with until then: '' if with nothing.
function before(waiting, name) {
  return waiting[name] === undefined || waiting[name] === '0' ? '' : waiting[name];
}

function showLabels(head, version, model) {
  const waiting = model.waiting_labels;
  const names = Object.keys(model.labels).filter((name) => model.labels[name] === version);
  // Of others: they answer with this version for the time being.
  const lent = Object.keys(waiting).filter((name) => before(waiting, name) === version);
  const key = JSON.stringify([version, names.map((name) => [name, waiting[name]]), lent]);
  if (head.dataset.shown === key) return;
  head.dataset.shown = key;
  head.replaceChildren(
      element('span', '', version),
      ...names.map((name) => element('span', waiting[name] === undefined ? 'label' : 'label waits',
                                     waiting[name] === undefined ? name : name + ' (waits)')),
      ...lent.map((name) => element('span', 'label', name)));
}

// Labels whose version is none of those shown.
function labelsElsewhere(model, versions) {
  const known = versions.map((version) => version.version);
  return Object.keys(model.labels).filter((name) => !known.includes(model.labels[name])).map((name) => {
    const now = before(model.waiting_labels, name);
    return `label ${name} waits for version ${model.labels[name]}` + (now ? `, answers with ${now} until then` : '');
  });
}

function showUse(shown, used, stepSeconds) {
  const texts = {'calls/s': '0', 'calls': '0', 'errors': '0', 'p50': '–', 'p99': '–'};
  // The last step is not over: its calls are not yet all of its calls.
  const steps = used ? used.steps.slice(0, -1) : [];
  if (used) {
    texts['calls/s'] = rate(steps[steps.length - 1].count / stepSeconds);
    texts.calls = String(used.window.count);
    texts.errors = String(used.window.errors);
    texts.p50 = duration(used.window.p50_micros);
    texts.p99 = duration(used.window.p99_micros);
  }
  for (const [name, text] of Object.entries(texts)) setText(shown.cells[name], text);
  setClass(shown.cells.errors, used && used.window.errors > 0 ? 'number bad' : 'number');
  const drawn = steps.some((step) => step.count > 0) ? JSON.stringify(steps) : '';
  if (drawn === shown.drawn) return;
  shown.drawn = drawn;
  for (const [name, draw] of [['throughput', callsChart], ['latency', latencyChart]]) {
    const cell = shown.cells[name];
    cell.replaceChildren();
    if (drawn === '') continue;
    const chart = draw(steps, stepSeconds);
    const box = element('div', 'chart');
    box.append(chart.svg, element('span', '', 'max ' + chart.text));
    cell.append(box);
  }
}

function showVersion(shown, version, model, used, stepSeconds) {
  const [state, look] = stateOf(version);
  const failed = version.error_code !== 'OK';
  setClass(shown.row, ['version', failed && look === 'bad' ? 'unwell' : '', used ? '' : 'unused'].filter(Boolean).join(' '));
  showLabels(shown.head, version.version, model);
  setText(shown.state, state);
  setClass(shown.state, 'state ' + look);
  setText(shown.reason, failed ? `${version.error_code}: ${version.error_message}` : version.progress || '');
  // A reason takes the place of numbers that are not there.
  const wide = !used && (failed || version.state === 'NONE');
  shown.cells.state.colSpan = wide ? CELLS.length : 1;
  for (const name of CELLS.slice(1)) shown.cells[name].hidden = wide;
  showUse(shown, used, stepSeconds);
}

function showModel(group, model, statistics, stepSeconds) {
  setText(group.parts.name, model.name);
  setText(group.parts.path, model.base_path);
  const versions = [...model.versions];
  // Versions that were asked and are not listed any more.
  for (const used of statistics) {
    if (versions.some((version) => version.version === used.version)) continue;
    versions.push({version: used.version, state: used.version === OTHER ? '–' : 'END', error_code: 'OK'});
  }
  setText(group.parts.problem, [model.problem, ...labelsElsewhere(model, versions)].filter(Boolean).join('; '));
  if (versions.length === 0) versions.push({version: '–', state: 'NONE', error_code: 'OK'});
  const rows = keyed(group.versions, versions.map((version) => version.version), newVersion);
  rows.forEach((shown, i) => {
    const used = statistics.find((one) => one.version === versions[i].version);
    showVersion(shown, versions[i], model, used, stepSeconds);
  });
  place(group.body, [group.row, ...rows.map((shown) => shown.row)]);
}

// Those that are configured, and those that were asked and are not any more.
function modelsOf(status) {
  const models = [...status.models];
  for (const used of status.statistics) {
    if (models.some((model) => model.name === used.model)) continue;
    models.push({name: used.model, base_path: '', problem: '', labels: {}, waiting_labels: {}, versions: []});
  }
  return models;
}

function showModels(status) {
  const models = modelsOf(status);
  const shown = keyed(groups, models.map((model) => model.name), newGroup);
  shown.forEach((group, i) => {
    const model = models[i];
    const statistics = status.statistics.filter((one) => one.model === model.name);
    showModel(group, model, statistics, status.step_seconds);
  });
  const table = byId('versions');
  for (const extra of [...table.tBodies].filter((body) => !shown.some((group) => group.body === body))) extra.remove();
  shown.forEach((group, i) => {
    if (table.tBodies[i] !== group.body) table.insertBefore(group.body, table.tBodies[i] || null);
  });
}
