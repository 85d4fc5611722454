'use strict';

// Text of the server's goes into the page by these only, and never as markup.

const byId = (id) => document.getElementById(id);

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// Leaves alone what is the same: what somebody has selected stays so, and a screen reader is not told again.
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
function setClass(node, className) {
  if (node.className !== className) node.className = className;
}
function place(parent, nodes) {
  if (parent.childNodes.length !== nodes.length || nodes.some((node, i) => parent.childNodes[i] !== node)) {
    parent.replaceChildren(...nodes);
  }
}

// 162 µs, 1.5 ms, 12 ms, 3.1 s
function duration(micros) {
  if (micros < 1000) return Math.round(micros) + ' µs';
  const [value, unit] = micros < 1e6 ? [micros / 1e3, ' ms'] : [micros / 1e6, ' s'];
  return (value < 9.95 ? value.toFixed(1) : Math.round(value)) + unit;
}

function rate(value) {
  return value === 0 ? '0' : value < 9.95 ? value.toFixed(1) : String(Math.round(value));
}

function span(seconds) {
  if (seconds < 120) return Math.floor(seconds) + ' s';
  if (seconds < 7200) return Math.floor(seconds / 60) + ' min';
  return seconds < 172800 ? Math.floor(seconds / 3600) + ' h' : Math.floor(seconds / 86400) + ' d';
}

// JSON with line breaks. Not parsed: integers may be larger than JavaScript's numbers hold, and NaN is none of JSON's.
function pretty(json) {
  const tokens = json.match(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g) || [];
  let at = 0;
  const value = (indent) => {
    const open = tokens[at++];
    if (open !== '{' && open !== '[') return open;
    const items = [];
    while (at < tokens.length && tokens[at] !== '}' && tokens[at] !== ']') {
      let key = '';
      if (open === '{') {
        key = tokens[at] + ': ';
        at += 2;
      }
      items.push(key + value(indent + '  '));
      if (tokens[at] === ',') ++at;
    }
    ++at;
    const close = open === '{' ? '}' : ']';
    const line = open + items.join(', ') + close;
    const flat = open === '[' && items.every((item) => item[0] !== '[' && item[0] !== '{');
    if (flat || (line.length < 72 && !line.includes('\n'))) return line;
    return open + '\n' + items.map((item) => indent + '  ' + item).join(',\n') + '\n' + indent + close;
  };
  return value('');
}
