// Small charts of the last five minutes, a column a step.

const HEIGHT = 100;

function shape(name, className, attributes) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  if (className) made.setAttribute('class', className);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function frame(steps, title) {
  return shape('svg', '', {
    'viewBox': `0 0 ${steps.length} ${HEIGHT}`,
    'preserveAspectRatio': 'none',
    'role': 'img',
    'aria-label': title,
  });
}

// What the pointer is told of each step.
function addSteps(svg, steps, stepSeconds) {
  steps.forEach((step, x) => {
    const column = shape('rect', 'step', {x, y: 0, width: 1, height: HEIGHT});
    const ago = (steps.length - x) * stepSeconds;
    const told = step.count === 0 ?
        'no calls' :
        `${rate(step.count / stepSeconds)} calls/s, ${step.errors} errors, p50 ${duration(step.p50_micros)}, p99 ${
            duration(step.p99_micros)}`;
    const title = shape('title', '', {});
    title.textContent = `${span(ago)} ago: ${told}`;
    column.append(title);
    svg.append(column);
  });
}

// Bars of calls a second, and in them what failed.
function callsChart(steps, stepSeconds) {
  const most = Math.max(...steps.map((step) => step.count));
  const text = rate(most / stepSeconds) + '/s';
  const svg = frame(steps, `calls a second, at most ${text}`);
  const bar = (x, count, className) => {
    if (count === 0) return;
    const height = HEIGHT * count / most;
    svg.append(shape('rect', className, {x: x + 0.1, y: HEIGHT - height, width: 0.8, height}));
  };
  steps.forEach((step, x) => {
    bar(x, step.count, 'calls');
    bar(x, step.errors, 'failed');
  });
  addSteps(svg, steps, stepSeconds);
  return {svg, text};
}

// Lines of both percentiles over one scale, with gaps where nobody called.
function latencyChart(steps, stepSeconds) {
  const most = Math.max(...steps.map((step) => step.p99_micros));
  const text = duration(most);
  const svg = frame(steps, `latency, p99 at most ${text}`);
  for (const name of ['p99', 'p50']) {
    let line = '';
    steps.forEach((step, x) => {
      if (step.count === 0) return;
      const y = 97 - 94 * step[name + '_micros'] / most;
      const alone = x === 0 || steps[x - 1].count === 0;
      // A step between gaps is a short line.
      line += alone ? `M${x + 0.1} ${y}L${x + 0.9} ${y}` : `L${x + 0.9} ${y}`;
    });
    svg.append(shape('path', name, {d: line}));
  }
  addSteps(svg, steps, stepSeconds);
  return {svg, text};
}
