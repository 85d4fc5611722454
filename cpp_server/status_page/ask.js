// Signatures, and the form that sends a request.

// Of values in an example; more would make the page slow.
const MOST_VALUES = 1000000;
// Of characters of an answer that are shown.
const MOST_CHARACTERS = 200000;

// `key`: which signatures these are; `contracts`: methods that models answer, null as long as they are unknown;
// `example`: what the form was filled with, for the signature or method `filled`.
const asked = {key: '', signatures: {}, contracts: null, filled: '', example: '', sending: false};

// Keeps what was chosen, if it is still there; else the first.
function setOptions(select, values) {
  const known = [...select.options].map((option) => [option.value, option.textContent]);
  if (JSON.stringify(known) === JSON.stringify(values)) return;
  const before = select.value;
  select.replaceChildren(...values.map(([value, text]) => {
    const option = element('option', '', text);
    option.value = value;
    return option;
  }));
  if (values.some(([value]) => value === before)) select.value = before;
}

// The version that a label answers with now.
function answers(model, label, version) {
  if (model.waiting_labels[label] === undefined) return version;
  return before(model.waiting_labels, label) || `${version} (waits)`;
}

function modelPath() {
  const version = byId('version').value;
  return '/v1/models/' + encodeURIComponent(byId('model').value) + (version ? '/' + version : '');
}

// Offers what there is, and reads the signatures of what is chosen unless they are known.
async function showChoice(status) {
  byId('ask').hidden = !status.infers;
  if (!status.infers) return;
  setOptions(byId('model'), status.models.map((model) => [model.name, model.name]));
  const model = status.models.find((one) => one.name === byId('model').value) || {versions: [], labels: {}, waiting_labels: {}};
  const available =
      model.versions.filter((version) => version.state === 'AVAILABLE').map((version) => version.version);
  setOptions(byId('version'), [
    ['', available.length > 0 ? 'latest → ' + available[0] : 'latest'],
    ...available.map((version) => ['versions/' + version, version]),
    ...Object.entries(model.labels)
        .map(([label, version]) => ['labels/' + encodeURIComponent(label), label + ' → ' + answers(model, label, version)]),
  ]);
  const key = JSON.stringify([modelPath(), available, model.labels, model.waiting_labels]);
  if (key === asked.key) return;
  asked.key = key;
  let signatures = {};
  let method = available.length > 0 ? '' : 'no version is available';
  try {
    if (available.length > 0) {
      signatures = (await fetchJson(modelPath() + '/metadata')).metadata.signature_def.signature_def;
      // They are those of the server's start.
      asked.contracts = asked.contracts || (await fetchJson('/v1/contracts')).contracts;
    }
  } catch (error) {
    method = 'no signatures: ' + error.message;
  }
  // Something else was chosen in the meantime.
  if (key !== asked.key) return;
  // Asked again at the next look.
  if (method !== '') asked.key = '';
  const names = Object.keys(signatures).filter((name) => !name.startsWith('__')).sort();
  const first = 'serving_default';
  if (names.includes(first)) names.unshift(...names.splice(names.indexOf(first), 1));
  asked.signatures = signatures;
  const methods = (asked.contracts || []).filter((one) => one.model === byId('model').value);
  setOptions(byId('signature'), [
    ...names.map((name) => [name, name]),
    ...methods.map((one) => [one.path, `${one.method} of ${one.service}`]),
  ]);
  showSignature();
  if (method !== '') setText(byId('method'), method);
}

function verb(signature) {
  const method = signature.method_name.split('/').pop();
  return method === 'classify' || method === 'regress' ? method : 'predict';
}

// Null if the rank is unknown.
function sizes(tensor) {
  // One that is made of several has none of its own.
  const shape = tensor.tensor_shape;
  return !shape || shape.unknown_rank ? null : shape.dim.map((dim) => Number(dim.size));
}

function tensorRow(kind, name, tensor) {
  const row = element('tr');
  if (!tensor.name) {
    row.append(
        element('td', 'path', kind), element('td', 'name', name),
        element('td', '', 'several tensors'), element('td', '', 'cannot be sent'));
    return row;
  }
  const shape = sizes(tensor);
  row.append(
      element('td', 'path', kind), element('td', 'name', name),
      element('td', '', tensor.dtype.replace('DT_', '').toLowerCase()),
      element('td', '', shape ? '[' + shape.map((size) => (size < 0 ? '?' : size)).join(', ') + ']' : 'any'));
  return row;
}

function chosenContract() {
  return (asked.contracts || []).find((one) => one.path === byId('signature').value);
}

function showSignature() {
  const name = byId('signature').value;
  const contract = chosenContract();
  const signature = asked.signatures[contract ? contract.signature : name];
  const rows = [];
  if (signature) {
    for (const [kind, tensors] of [['in', signature.inputs], ['out', signature.outputs]]) {
      const aliases = Object.keys(tensors || {}).sort();
      rows.push(...aliases.map((alias) => tensorRow(kind, alias, tensors[alias])));
    }
  }
  byId('tensors').replaceChildren(...rows);
  if (contract) {
    setText(byId('method'), `by ${contract.signature} of ${contract.versionLabel || 'the latest version'}`);
  } else {
    setText(byId('method'), signature ? signature.method_name || 'no method' : '');
  }
  setText(byId('target'), contract ? contract.path : signature ? modelPath() + ':' + verb(signature) : '');
  byId('send').disabled = byId('reset').disabled = !signature;
  if (!signature) return;
  // What somebody has written stays as long as it may fit.
  const filled = JSON.stringify([byId('model').value, name]);
  if (filled !== asked.filled || byId('body').value === asked.example) showExample();
  asked.filled = filled;
}

function showExample() {
  const name = byId('signature').value;
  const contract = chosenContract();
  const [body, hint] = contract ? [contract.example || {}, contract.noExample || ''] : example(name, asked.signatures[name]);
  byId('body').value = asked.example = pretty(JSON.stringify(body));
  setText(byId('hint'), hint);
}

function exampleElement(alias, dtype) {
  if (dtype === 'DT_BOOL') return false;
  // An Example without features, serialized, is an empty string.
  if (dtype === 'DT_STRING') return /example/i.test(alias) ? {b64: ''} : 'text';
  return ['DT_FLOAT', 'DT_DOUBLE', 'DT_HALF', 'DT_BFLOAT16'].includes(dtype) ? 0.5 : 0;
}

// One for each dimension of any size.
function exampleTensor(value, shape) {
  return shape.reduceRight((inner, size) => Array(Math.abs(size)).fill(inner), value);
}

// A body that is right as far as the signature tells, and what it does not tell.
function example(name, signature) {
  const body = name === 'serving_default' ? {} : {signature_name: name};
  if (verb(signature) !== 'predict') {
    const hint = 'A signature does not tell the names of features: put those of the model in place of “feature”.';
    return [{...body, examples: [{feature: 0.5}]}, hint];
  }
  const inputs = {};
  let hint = '';
  let values = 0;
  for (const alias of Object.keys(signature.inputs || {}).sort()) {
    const tensor = signature.inputs[alias];
    if (tensor.dtype.startsWith('DT_COMPLEX')) hint = 'JSON has no complex numbers: ask this signature over gRPC.';
    const shape = sizes(tensor) || [1];
    values += shape.reduce((product, size) => product * Math.abs(size), 1);
    if (values > MOST_VALUES) {
      inputs[alias] = [];
      hint = 'Too large for an example: fill in ' + alias + '.';
    } else {
      inputs[alias] = exampleTensor(exampleElement(alias, tensor.dtype), shape);
    }
  }
  return [{...body, inputs}, hint];
}

function showAnswer(text, isJson) {
  const cut = text.length > MOST_CHARACTERS;
  if (cut) text = `${text.slice(0, MOST_CHARACTERS)}\n… ${text.length - MOST_CHARACTERS} more characters`;
  byId('answer').textContent = isJson && !cut ? pretty(text) : text;
}

async function send() {
  if (asked.sending) return;
  asked.sending = true;
  const outcome = byId('outcome');
  outcome.className = 'wait';
  outcome.textContent = 'waiting …';
  const begin = performance.now();
  const told = (what) => `${what} in ${duration(1000 * (performance.now() - begin))}`;
  try {
    const answer = await ask(byId('target').textContent, {
      method: 'POST',
      headers: {'Content-Type': 'application/json'},
      body: byId('body').value,
    });
    const text = await answer.text();
    outcome.className = answer.ok ? 'good' : 'bad';
    outcome.textContent = told(`${answer.status} ${answer.statusText}`.trim());
    showAnswer(text, (answer.headers.get('Content-Type') || '').startsWith('application/json'));
  } catch (error) {
    outcome.className = 'bad';
    outcome.textContent = told('no answer: ' + error.message);
    showAnswer('', false);
  }
  asked.sending = false;
}
