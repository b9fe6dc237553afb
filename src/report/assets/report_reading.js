// Reads out one moment on all charts: the box, the pin, the arrow keys; then the theme, the size
// and the paper for which everything is drawn anew.
//
// In: pointer and key events. Out: the read-out box and the spoken line. All text goes through
// textContent; nothing is ever parsed as HTML.

const readout = document.getElementById("readout");
const spoken = document.getElementById("spoken");
let at = null; // index of the window that is read out
let pinned = false;

function follow(u, event) {
  if (pinned) return;
  const left = event.clientX - u.over.getBoundingClientRect().left;
  read(u.posToIdx(left), u);
}

function release() {
  at = null;
  pinned = false;
  readout.hidden = true;
  charts.forEach((u) => u.setCursor({ left: -10, top: -10 }, false));
}

function listenForPin(u) {
  let down = null;
  u.over.addEventListener("mousedown", (event) => { down = event.clientX; });
  u.over.addEventListener("click", (event) => {
    if (down === null || Math.abs(event.clientX - down) > 4) return;
    const index = u.posToIdx(event.clientX - u.over.getBoundingClientRect().left);
    if (pinned && index === at) { pinned = false; read(index, u); return; }
    pinned = true;
    read(index, u);
  });
}

function read(index, source) {
  at = index;
  const seconds = x[index];
  charts.forEach((u) => u.setCursor({ left: u.valToPos(seconds, "x"), top: 10 }, false));
  fill(index);
  readout.hidden = false;
  readout.classList.toggle("pinned", pinned);
  place(source || charts[0], seconds, source !== null);
}

function line(parent, name, text) {
  const element = document.createElement("div");
  element.className = name;
  if (text !== undefined) element.textContent = text;
  parent.appendChild(element);
  return element;
}

function span(parent, name, text) {
  const element = document.createElement("span");
  element.className = name;
  element.textContent = text;
  parent.appendChild(element);
}

function marksIn(index) {
  const from = x[index], to = index + 1 < x.length ? x[index + 1] : from + data.window_s;
  return data.marks.filter((mark) => (mark.until_s ?? mark.at_s) >= from && mark.at_s < to).map((mark) => mark.label);
}

function crossedAt(chart, seconds) {
  return chart.limits
    .filter((limit) => limit.crossed_s.some(([from, to]) => seconds >= from && seconds < to))
    .map((limit) => limit.label);
}

// What each series says at one moment; the two edges of a band are one reading, from low to high.
function readings(chart, c, index) {
  const text = (s) => quantity(values[c][s][index], chart.unit);
  const found = [];
  let low = null;
  chart.series.forEach((series, s) => {
    if (!series.band) found.push({ s, name: series.name, text: text(s) });
    else if (low === null) low = s;
    else {
      const missing = values[c][s][index] === null;
      const name = chart.series[low].name.replace(/, [^,]*$/, "");
      found.push({ s, name, text: missing ? text(s) : text(low) + " to " + text(s) });
      low = null;
    }
  });
  return found;
}

function fill(index) {
  readout.replaceChildren();
  const when = line(readout, "when", moment(x[index]));
  if (pinned) span(when, "", "pinned");
  for (const label of marksIn(index)) line(readout, "beyond", "\u25b8 " + label);
  data.charts.forEach((chart, c) => {
    const part = line(readout, "what");
    line(part, "name", chart.title);
    for (const { s, name, text } of readings(chart, c, index)) {
      const series = chart.series[s], row = line(part, "row beyond");
      span(row, "swatch " + (series.band ? "band" : (series.area ? "area" : "line") + " s" + (s % COLOURS)), "");
      span(row, "name", name);
      span(row, "", text);
    }
    const crossed = crossedAt(chart, x[index]);
    if (crossed.length) line(part, "beyond", "beyond " + crossed.join(", "));
  });
}

function speak(index) {
  const parts = [moment(x[index]), ...marksIn(index)];
  data.charts.forEach((chart, c) => {
    const numbers = readings(chart, c, index).map(({ name, text }) => name + " " + text);
    parts.push(chart.title + ": " + numbers.join(", "));
  });
  spoken.textContent = parts.join(". ");
}

// Beside the cursor line, inside the window as far as possible; a phone has it at the bottom.
function place(u, seconds, besidePointer) {
  const area = stack.getBoundingClientRect(), over = u.over.getBoundingClientRect();
  const cursor = over.left - area.left + u.valToPos(seconds, "x");
  const size = readout.getBoundingClientRect();
  const fits = cursor + 16 + size.width <= area.width;
  readout.style.left = (fits ? cursor + 16 : Math.max(0, cursor - 16 - size.width)) + "px";
  if (!besidePointer && readout.style.top) return;
  const lowest = window.innerHeight - area.top - size.height - 8;
  const top = Math.max(Math.min(over.top - area.top, lowest), 8 - area.top, 0);
  readout.style.top = top + "px";
}

function step(to) {
  pinned = true;
  const index = Math.min(x.length - 1, Math.max(0, to));
  const [low, high] = shownRange;
  if (x[index] < low || x[index] > high) {
    const start = Math.min(Math.max(fullRange[0], x[index] - (high - low) / 2), fullRange[1] - (high - low));
    at = index;
    zoomTo([start, start + (high - low)]);
  }
  read(index, null);
  speak(index);
}

stack.addEventListener("keydown", (event) => {
  if (event.target !== stack || event.ctrlKey || event.altKey || event.metaKey) return;
  const far = event.shiftKey ? 10 : 1;
  const first = x.findIndex((seconds) => seconds >= shownRange[0]);
  switch (event.key) {
    case "ArrowRight": step(at === null ? first : at + far); break;
    case "ArrowLeft": step(at === null ? first : at - far); break;
    case "Home": step(0); break;
    case "End": step(x.length - 1); break;
    // First the pin, then the zoom.
    case "Escape": if (at !== null) release(); else zoomTo(fullRange); break;
    default: return;
  }
  event.preventDefault();
});
unzoom.addEventListener("click", () => zoomTo(fullRange));

// ---- Theme, size and paper ----

let onPaper = false;
let builtFor = 0;

function toScreen() {
  onPaper = false;
  scale = 1;
  plotPx = 132;
  root.classList.remove("paper");
  document.querySelectorAll("details[data-opened]").forEach((details) => {
    details.open = false;
    details.removeAttribute("data-opened");
  });
  builtFor = stack.clientWidth;
  build(builtFor);
}

function toPaper() {
  if (onPaper) return;
  onPaper = true;
  scale = 2;
  plotPx = 116; // four charts to a sheet
  root.classList.add("paper");
  document.querySelectorAll(".method details:not([open])").forEach((details) => {
    details.open = true;
    details.setAttribute("data-opened", "");
  });
  build(PAPER_PX * scale);
}

window.addEventListener("beforeprint", toPaper);
window.addEventListener("afterprint", toScreen);
matchMedia("print").addEventListener("change", (query) => {
  if (query.matches) toPaper(); else if (onPaper) toScreen();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (!onPaper) toScreen(); });
new ResizeObserver(() => {
  if (!onPaper && stack.clientWidth !== builtFor) requestAnimationFrame(() => { if (!onPaper) toScreen(); });
}).observe(stack);

document.querySelectorAll(".hint").forEach((hint) => { hint.hidden = false; });
toScreen();
