// Draws the charts: one uPlot each, with shared time, aligned plot areas, thresholds and marks.
//
// In: the JSON block and the empty .plot elements. Out: canvases. It knows nothing of pointers
// and keys beyond handing uPlot's events to report_reading.js.

const stack = document.getElementById("charts");
const unzoom = document.getElementById("unzoom");
const plots = Array.from(stack.querySelectorAll(".plot"));
const root = document.documentElement;

const NARROW_PX = 620;
const PAPER_PX = 690; // A4 and Letter with the margins of the print sheet
const TIMES_PX = data.relative ? 24 : 38;
const NO_TIMES_PX = 8;
const ROW_PX = 15;
const COLOURS = 6;
const LABEL_ROWS_MAX = 3;

// On paper everything is drawn at twice its size and shown at half of it, to be sharp.
let scale = 1;
let plotPx = 132;
let colours = {};
let charts = [];
let zooming = false;

// ---- What all charts share ----

const x = data.x_s;
const fullRange = [x[0], x[x.length - 1] + data.window_s];
let shownRange = fullRange.slice();
const values = data.charts.map((chart) =>
  chart.series.map((series) =>
    series.values.map((value) => (value === null ? null : value * chart.factor))));

// Where lines are drawn: a stacked series stands on the one before it.
const heights = data.charts.map((chart, c) => {
  const lists = [];
  chart.series.forEach((series, s) => {
    const below = series.stacked && s > 0 && chart.series[s - 1].stacked ? lists[s - 1] : null;
    lists.push(below ? values[c][s].map((value, i) => (value === null ? below[i] : value + (below[i] ?? 0))) : values[c][s]);
  });
  return lists;
});

const known = (value) => value !== null && Number.isFinite(value);

function extremes(lists) {
  let low = Infinity, high = -Infinity;
  for (const list of lists)
    for (const value of list)
      if (known(value)) { low = Math.min(low, value); high = Math.max(high, value); }
  return [low, high];
}

// The next number of the form 1, 2 or 5 × 10^n at or beyond `value`.
function nice(value, up) {
  const power = Math.pow(10, Math.floor(Math.log10(value) + 1e-9));
  const steps = [1, 2, 5, 10].map((step) => step * power);
  return up
    ? steps.find((step) => step >= value * (1 - 1e-9)) || steps[3]
    : steps.filter((step) => step <= value * (1 + 1e-9)).pop() || steps[0];
}

// Fixed for a chart, so that zooming in time never changes what a height means.
function valueRange(chart, lists) {
  const limits = chart.limits.map((limit) => limit.value).filter(known);
  const positive = lists.map((list) => list.map((value) => (value > 0 ? value : null)));
  const [lowest, highest] = extremes(chart.log ? positive : lists);
  const near = limits.filter((limit) => !(highest > 0) || limit <= highest * 4);
  const top = Math.max(highest, ...near);
  if (chart.log && lowest > 0 && Number.isFinite(lowest)) {
    const bottom = Math.min(lowest, ...near.filter((limit) => limit > 0));
    const range = [nice(bottom, false), nice(top, true)];
    return range[0] < range[1] ? range : [range[0], range[0] * 10];
  }
  if (!(top > 0)) return [Math.min(0, Number.isFinite(lowest) ? lowest : 0), 1];
  const high = chart.unit === "share" && top <= 1 ? Math.min(1, top * 1.12) : top * 1.12;
  return [Math.min(0, lowest), high];
}

function logSplits(low, high) {
  const decades = Math.log10(high / low);
  const steps = decades <= 1.6 ? [1, 2, 5] : decades <= 3.2 ? [1, 3] : [1];
  const splits = [];
  for (let n = Math.floor(Math.log10(low)); n <= Math.ceil(Math.log10(high)); n++)
    for (const step of steps) {
      const split = step * Math.pow(10, n);
      if (split >= low * 0.999 && split <= high * 1.001) splits.push(split);
    }
  return splits;
}

// A value between two gaps would be an invisible line; it gets a point.
function lonely(list) {
  const found = [];
  list.forEach((value, i) => {
    if (value !== null && (list[i - 1] ?? null) === null && (list[i + 1] ?? null) === null) found.push(i);
  });
  return found;
}

const TIME_STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200,
  14400, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000, 7776000, 31536000];

// Ticks at round offsets, or at round times of day in the page's zone.
function timeSplits(low, high, step) {
  let shift = 0;
  if (!data.relative) {
    const { date, time } = calendar(low);
    const wall = Date.parse(date + "T" + (time.length === 5 ? time + ":00" : time) + "Z") / 1e3;
    shift = Math.round(wall - (data.start_s + low)) + data.start_s;
  }
  const splits = [];
  for (let n = Math.ceil((low + shift) / step); n * step - shift <= high; n++) splits.push(n * step - shift);
  return splits;
}

function timeLabels(splits, step) {
  let before = "";
  return splits.map((split) => {
    if (data.relative) return step < 1 ? split.toFixed(1) + " s" : offset(split);
    const { date, time } = calendar(split);
    const label = step >= 86400 ? date : time + (date === before ? "" : "\n" + date);
    before = date;
    return label;
  });
}

// ---- Drawing ----

function readColours() {
  const style = getComputedStyle(root);
  const names = ["text", "muted", "rule", "back", "warn", "contact", "objective"];
  for (let i = 0; i < COLOURS; i++) names.push("s" + i);
  colours = Object.fromEntries(names.map((name) => [name, style.getPropertyValue("--" + name).trim()]));
}

const family = getComputedStyle(document.body).fontFamily;
const font = () => 12 * scale + "px " + family;
const ruler = document.createElement("canvas").getContext("2d");
function textWidth(text) { ruler.font = font(); return ruler.measureText(text).width; }

function fitted(text, width) {
  if (textWidth(text) <= width) return text;
  let kept = Array.from(text);
  while (kept.length > 1 && textWidth(kept.join("") + "\u2026") > width) kept.pop();
  return kept.join("") + "\u2026";
}

const plotLeft = (u, seconds) => u.valToPos(seconds, "x", true);
const plotTop = (u, value) => u.valToPos(value, "y", true);

// Canvas pixels per CSS pixel, with the size on paper.
const dense = () => scale * uPlot.pxRatio;

function clipped(u, paint) {
  const { left, top, width, height } = u.bbox;
  u.ctx.save();
  u.ctx.beginPath();
  u.ctx.rect(left, top, width, height);
  u.ctx.clip();
  paint(u.ctx, u.bbox);
  u.ctx.restore();
}

function shadeCrossed(u, chart) {
  clipped(u, (ctx, { top, height }) => {
    for (const limit of chart.limits) {
      ctx.fillStyle = colours[limit.level];
      ctx.globalAlpha = limit.level === "objective" ? 0.12 : 0.14;
      for (const [from, to] of limit.crossed_s)
        ctx.fillRect(plotLeft(u, from), top, plotLeft(u, to) - plotLeft(u, from), height);
    }
  });
}

// A mark with an end is a band: grey, so that no one takes it for a crossed threshold.
function shadeMarks(u) {
  clipped(u, (ctx, { top, height }) => {
    ctx.fillStyle = colours.muted;
    ctx.globalAlpha = 0.13;
    for (const mark of data.marks) {
      if (mark.until_s === undefined) continue;
      const left = plotLeft(u, mark.at_s);
      ctx.fillRect(left, top, Math.max(dense(), plotLeft(u, mark.until_s) - left), height);
    }
  });
}

function drawMarks(u, rise) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.strokeStyle = colours.muted;
  ctx.lineWidth = dense();
  ctx.setLineDash([2 * dense(), 3 * dense()]);
  for (const mark of data.marks) {
    const left = Math.round(plotLeft(u, mark.at_s));
    if (left < bbox.left - 1 || left > bbox.left + bbox.width + 1) continue;
    ctx.beginPath();
    ctx.moveTo(left, bbox.top - rise);
    ctx.lineTo(left, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

// Rows of mark labels that do not run into each other; what fits no row is only a line here,
// and is named in the read-out and in the list below the charts.
function layOutMarks(leftOf, width) {
  const ends = [];
  const placed = [];
  for (const mark of data.marks) {
    const left = leftOf(mark.at_s);
    if (left < 0 || left > width) continue;
    const text = fitted(mark.label, Math.min(width, 220 * scale));
    const size = textWidth(text) + 4 * scale;
    const start = Math.min(left, width - size);
    let row = 0;
    while (row < LABEL_ROWS_MAX && ends[row] > start - 6 * scale) row++;
    if (row === LABEL_ROWS_MAX) continue;
    ends[row] = start + size;
    placed.push({ text, left: start + 3 * scale, row });
  }
  return { placed, rows: ends.length };
}

function labelMarks(u) {
  const px = uPlot.pxRatio, { ctx, bbox } = u;
  const leftOf = (seconds) => u.valToPos(seconds, "x");
  const { placed } = layOutMarks(leftOf, bbox.width / px);
  ctx.save();
  ctx.font = 12 * dense() + "px " + family;
  ctx.fillStyle = colours.text;
  ctx.textAlign = "left";
  ctx.textBaseline = "alphabetic";
  for (const { text, left, row } of placed) {
    const top = bbox.top - (row * ROW_PX + 5) * dense();
    halo(ctx, text, bbox.left + left * px, top, dense());
    ctx.fillText(text, bbox.left + left * px, top);
  }
  ctx.restore();
}

function drawLimits(u, chart, gutter, inside) {
  const { ctx, bbox } = u, px = dense(), right = bbox.left + bbox.width;
  const [low, high] = [u.scales.y.min, u.scales.y.max];
  const labels = [];
  for (const limit of chart.limits) {
    if (!known(limit.value)) continue;
    const off = limit.value > high ? "\u2191 " : limit.value < low ? "\u2193 " : "";
    const top = off ? (limit.value > high ? bbox.top : bbox.top + bbox.height) : plotTop(u, limit.value);
    if (!off) drawLimit(u, limit, top);
    labels.push({ text: off + limit.label, top, colour: colours[limit.level] });
  }
  ctx.save();
  ctx.font = 12 * px + "px " + family;
  ctx.textBaseline = "middle";
  ctx.textAlign = inside ? "right" : "left";
  labels.sort((one, other) => other.top - one.top);
  let below = Infinity;
  for (const label of labels) {
    // Inside the plot, a label stands on its line.
    const wish = inside ? label.top - 9 * px : label.top;
    const top = Math.min(wish, below - 14 * px);
    below = top;
    const text = fitted(label.text, inside ? 200 * scale : gutter - 8 * scale);
    if (inside) halo(ctx, text, right - 4 * px, top, px);
    ctx.fillStyle = label.colour;
    ctx.fillText(text, inside ? right - 4 * px : right + 6 * px, top);
  }
  ctx.restore();
}

function halo(ctx, text, left, top, px) {
  ctx.strokeStyle = colours.back;
  ctx.lineWidth = 4 * px;
  ctx.lineJoin = "round";
  ctx.strokeText(text, left, top);
}

// Thin where it holds, thick where it is crossed; dashed, so that no one takes it for a series.
function drawLimit(u, limit, top) {
  clipped(u, (ctx, { left, width }) => {
    const px = dense(), y = Math.round(top);
    ctx.strokeStyle = colours[limit.level];
    ctx.lineWidth = px;
    ctx.setLineDash([5 * px, 4 * px]);
    ctx.beginPath(); ctx.moveTo(left, y); ctx.lineTo(left + width, y); ctx.stroke();
    ctx.lineWidth = 2.5 * px;
    for (const [from, to] of limit.crossed_s) {
      ctx.beginPath(); ctx.moveTo(plotLeft(u, from), y); ctx.lineTo(plotLeft(u, to), y); ctx.stroke();
    }
  });
}

function seriesOptions(chart, lists) {
  return chart.series.map((series, index) => {
    const colour = series.band ? colours.muted : colours["s" + (index % COLOURS)], alone = lonely(lists[index]);
    return {
      label: series.name,
      stroke: colour,
      width: (series.band ? 0 : series.area ? 1 : 1.75) * scale,
      fill: series.area ? colour + "55" : undefined,
      dash: index >= COLOURS ? [6 * scale, 3 * scale] : undefined,
      points: { show: false, filter: () => (alone.length && !series.band ? alone : null), size: 5 * scale, fill: colour },
    };
  });
}

// Two series of a band, one after the other, have what is between them filled.
function bands(chart) {
  const edges = chart.series.flatMap((series, index) => (series.band ? [index] : []));
  const between = edges.filter((_, nth) => nth % 2 === 1).map((high, nth) => ({
    series: [high + 1, edges[nth * 2] + 1],
    fill: colours.muted + "38",
  }));
  chart.series.forEach((series, s) => {
    if (series.stacked && s > 0 && chart.series[s - 1].stacked) between.push({ series: [s + 1, s] });
  });
  return between;
}

function tickText(value, unit) {
  return quantity(value, unit).replace(/ \/(min|s)$/, "");
}

function axesOptions(chart, withTimes) {
  const shared = { stroke: colours.muted, font: font(), ticks: { show: false } };
  const grid = { stroke: colours.rule, width: scale };
  const time = {
    ...shared, grid,
    scale: "x",
    size: (withTimes ? TIMES_PX : NO_TIMES_PX) * scale,
    gap: 6 * scale,
    space: (data.relative ? 70 : 90) * scale,
    incrs: TIME_STEPS,
    splits: (u, axis, low, high, step) => timeSplits(low, high, step),
    values: (u, splits, axis, space, step) => (withTimes ? timeLabels(splits, step) : splits.map(() => "")),
  };
  const value = {
    ...shared, grid,
    scale: "y",
    size: 58 * scale,
    gap: 6 * scale,
    space: 34 * scale,
    values: (u, splits) => splits.map((split) => (split === null ? "" : tickText(split, chart.unit))),
  };
  if (chart.log) {
    value.splits = (u, axis, low, high) => logSplits(low, high);
    value.filter = (u, splits) => splits;
  }
  return [time, value];
}

function chartOptions(chart, lists, layout) {
  const top = layout.first ? layout.rise + 6 * scale : 8 * scale;
  const range = valueRange(chart, lists);
  return {
    width: layout.width,
    height: (plotPx + (layout.withTimes ? TIMES_PX : NO_TIMES_PX)) * scale + top,
    padding: [top, layout.gutter, 0, 0],
    legend: { show: false },
    scales: {
      x: { time: false, range: (u, low, high) => (high - low < data.window_s ? fullRange : [low, high]) },
      y: { distr: chart.log && range[0] > 0 ? 3 : 1, log: 10, range: () => range },
    },
    series: [{}].concat(seriesOptions(chart, lists)),
    bands: bands(chart),
    axes: axesOptions(chart.log && range[0] > 0 ? chart : { ...chart, log: false }, layout.withTimes),
    cursor: {
      y: false,
      drag: { x: true, y: false, dist: 5 },
      points: { size: 7 },
      bind: {
        mousemove: (u, target, own) => (event) => { if (event.buttons & 1) own(event); else follow(u, event); return null; },
        mouseleave: () => () => { if (!pinned) release(); return null; },
        dblclick: () => () => { zoomTo(fullRange); return null; },
      },
    },
    hooks: {
      drawClear: [(u) => { shadeMarks(u); shadeCrossed(u, chart); drawMarks(u, layout.first ? layout.rise : 0); }],
      draw: [(u) => {
        drawLimits(u, chart, layout.gutter, layout.inside);
        if (layout.first) labelMarks(u);
      }],
      setScale: [(u, key) => { if (key === "x" && !zooming) zoomTo([u.scales.x.min, u.scales.x.max]); }],
    },
  };
}

// ---- Building all charts for the width, the theme and the medium ----

function sharedLayout(width) {
  const narrow = width / scale < NARROW_PX;
  const labels = data.charts.flatMap((chart) => chart.limits.map((limit) => limit.label));
  const widest = Math.max(0, ...labels.map((label) => textWidth("\u2191 " + label)));
  const gutter = narrow || !labels.length ? 24 * scale : Math.min(150 * scale, widest + 14 * scale);
  const inner = width - gutter - 58 * scale;
  const [low, high] = shownRange;
  const { rows } = layOutMarks((seconds) => ((seconds - low) / (high - low)) * inner, inner);
  return { width, gutter, inside: narrow, rise: rows * ROW_PX * scale, everyTime: narrow || scale > 1 };
}

function build(width) {
  readColours();
  charts.forEach((u) => u.destroy());
  zooming = true;
  const shared = sharedLayout(width);
  charts = data.charts.map((chart, index) => {
    const last = index === data.charts.length - 1;
    const layout = { ...shared, first: index === 0, withTimes: last || shared.everyTime };
    const drawn = chart.log ? heights[index].map((list) => list.map((value) => (value > 0 ? value : null))) : heights[index];
    const u = new uPlot(chartOptions(chart, heights[index], layout), [x, ...drawn], plots[index]);
    const canvas = u.root.querySelector("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", chart.title + ". " + chart.message);
    listenForPin(u);
    return u;
  });
  zoomTo(shownRange);
}

function zoomTo([low, high]) {
  if (!(high > low)) return;
  zooming = true;
  shownRange = [Math.max(low, fullRange[0]), Math.min(high, fullRange[1])];
  const [min, max] = shownRange;
  for (const u of charts) {
    u.setScale("x", { min, max });
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  }
  unzoom.hidden = min === fullRange[0] && max === fullRange[1];
  // uPlot applies scales in a microtask; ours comes after it.
  queueMicrotask(() => queueMicrotask(() => {
    zooming = false;
    if (at !== null) read(at, null);
  }));
}
