// The picture: lanes below each other against one axis of time, on one canvas.

const GUTTER = 104, RIGHT = 10;
const CLASS_COLOURS = ["#d55e00", "#56b4e9", "#000000", "#e69f00", "#cc79a7", "#009e73"];  // Okabe, Ito
const MOST_MARKS = 3000, MOST_EXACT = 300000;

const canvas = document.getElementById("canvas"), pen = canvas.getContext("2d");
const view = { from: 0, until: 1, top: 0, bottom: 1, chosen: -1, found: [], moment: null, row: -1, band: null };
let lanes = {}, width = 0, height = 0, ratio = 1, ink = {}, scheduled = false;

function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["ink", "paper", "faint", "line", "panel", "mark", "empty", "supervisor", "problem", "wait"])
    ink[name] = style.getPropertyValue("--" + name).trim();
  ink.states = facts.states.map((state) => state.name === "Sz" ? ink.empty :
    state.name === "Uz" ? blended(state.colour, ink.paper, 0.6) : state.colour);  // nothing is there, or was lost
  ink.guest = facts.states.find((state) => state.name === "Ur").colour;
  ink.host = facts.states.find((state) => state.name === "Sp").colour;
  ink.classes = CLASS_COLOURS.map((colour) => colour === "#000000" ? ink.ink : colour);
}

function rgb(colour) {
  const value = parseInt(colour.slice(1), 16);
  return [value >> 16, value >> 8 & 255, value & 255];
}

function blended(one, other, share) {
  const parts = rgb(one).map((value, n) => Math.round(value * (1 - share) + rgb(other)[n] * share));
  return "#" + parts.map((part) => part.toString(16).padStart(2, "0")).join("");
}

function mixed(one, other, share) {  // a colour as a pixel of an ImageData
  const [r, g, b] = rgb(blended(one, other, share));
  return (255 << 24 | b << 16 | g << 8 | r) >>> 0;
}

function layOut() {
  ratio = window.devicePixelRatio || 1;
  width = canvas.clientWidth;
  height = canvas.clientHeight;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  let y = 4;
  lanes = { cpus: [] };
  const lane = (size, gap = 5) => { const found = { y, size }; y += size + gap; return found; };
  lanes.overview = lane(30);
  lanes.ruler = lane(18, 2);
  lanes.faults = lane(20);
  const cpus = new Set(column["turn.cpu"]), high = cpus.size > 4 ? 24 : 34;
  for (const cpu of [...cpus].sort()) lanes.cpus.push({ cpu, ...lane(high) });
  lanes.guest = lane(22);
  lanes.host = lane(22);
  const area = Math.min(96, Math.max(50, height * 0.13));
  lanes.map = lane(Math.max(60, height - y - area - 14), 8);
  lanes.area = lane(area, 0);
}

const span = () => view.until - view.from;
const plot = () => width - GUTTER - RIGHT;
const xOf = (count) => GUTTER + (count - view.from) / span() * plot();
const countOf = (x) => view.from + (x - GUTTER) / plot() * span();
const yOf = (row) => lanes.map.y + (row - view.top) / (view.bottom - view.top) * lanes.map.size;
const rowAtY = (y) => Math.floor(view.top + (y - lanes.map.y) / lanes.map.size * (view.bottom - view.top));

function redraw() {
  if (!scheduled) { scheduled = true; requestAnimationFrame(draw); }
}

function draw() {
  scheduled = false;
  const began = performance.now();
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.fillStyle = ink.paper;
  pen.fillRect(0, 0, width, height);
  pen.font = '11px system-ui, "DejaVu Sans", sans-serif';
  pen.textBaseline = "middle";
  const seen = [at(ev.count, view.from), at(ev.count, view.until + 1)];
  drawOverview();
  drawRuler();
  for (const lane of lanes.cpus) drawCpu(lane, seen);
  drawActions(lanes.guest, "guest hints", seen, (n) => ev.kind[n] === ESSA && changes(n), ink.guest);
  drawActions(lanes.host, "host takes", seen, (n) => byReclaim(n), ink.host);
  drawMap(seen);
  drawArea(seen);
  drawFaults();
  drawChosen();
  Object.assign(canvas.dataset, { from: view.from, until: view.until, top: view.top, bottom: view.bottom,
    milliseconds: (performance.now() - began).toFixed(1) });
}

function label(text, lane, extra = "") {
  pen.fillStyle = ink.ink;
  pen.textAlign = "right";
  pen.fillText(text, GUTTER - 8, lane.y + (extra ? 9 : lane.size / 2));
  if (extra) { pen.fillStyle = ink.faint; pen.fillText(extra, GUTTER - 8, lane.y + 22); }
}

function frame(lane) {
  pen.strokeStyle = ink.line;
  pen.lineWidth = 1;
  pen.strokeRect(GUTTER - 0.5, lane.y - 0.5, plot() + 1, lane.size + 1);
}

function clipped(lane, drawing) {
  pen.save();
  pen.beginPath();
  pen.rect(GUTTER, lane.y, plot(), lane.size);
  pen.clip();
  drawing();
  pen.restore();
}

// --- overview, ruler ----------------------------------------------------------------------------------------------

let overview = null;

// How much happened in each of so many parts of the whole: hints, what the host took, faults.
function density(from, until, parts, first, last, wanted) {
  const found = new Uint32Array(parts), scale = parts / Math.max(1, until - from);
  for (let n = first; n < last; n++)
    if (wanted(n)) found[Math.min(parts - 1, Math.max(0, Math.floor((ev.count[n] - from) * scale)))]++;
  return found;
}

function bars(lane, counts, colour, base, size) {
  let most = 1;
  for (const count of counts) if (count > most) most = count;
  pen.fillStyle = colour;
  const step = plot() / counts.length;
  for (let x = 0; x < counts.length; x++) if (counts[x]) {
    const high = Math.max(2, size * Math.log1p(counts[x]) / Math.log1p(most));
    pen.fillRect(GUTTER + x * step, base - high, Math.max(1, step), high);
  }
  return most;
}

function drawOverview() {
  const lane = lanes.overview, parts = Math.max(1, Math.floor(plot()));
  if (!overview || overview.parts !== parts) {
    const of = (wanted) => density(facts.first, facts.last, parts, 0, events, wanted);
    overview = { parts, all: of((n) => !byReclaim(n)), host: of(byReclaim) };
  }
  frame(lane);
  bars(lane, overview.all, ink.guest, lane.y + lane.size * 0.6, lane.size * 0.55);
  bars(lane, overview.host, ink.host, lane.y + lane.size, lane.size * 0.38);
  const x = (count) => GUTTER + (count - facts.first) / Math.max(1, facts.last - facts.first) * plot();
  pen.fillStyle = ink.mark;
  const step = Math.max(1, Math.floor(view.found.length / 5000));
  for (let k = 0; k < view.found.length; k += step) pen.fillRect(x(ev.count[view.found[k]]), lane.y, 1, lane.size);
  pen.fillStyle = ink.ink;
  facts.stories.forEach((story) => triangle(x(ev.count[story[0]]), lane.y, 3, 5));
  const left = x(view.from), right = x(view.until);
  pen.globalAlpha = 0.14;
  pen.fillRect(GUTTER, lane.y, left - GUTTER, lane.size);
  pen.fillRect(right, lane.y, GUTTER + plot() - right, lane.size);
  pen.globalAlpha = 1;
  pen.strokeStyle = ink.ink;
  pen.strokeRect(left + 0.5, lane.y + 0.5, Math.max(2, right - left - 1), lane.size - 1);
  label("overview", lane);
}

function triangle(x, y, half, size) {  // pointing down
  pen.beginPath();
  pen.moveTo(x - half, y);
  pen.lineTo(x + half, y);
  pen.lineTo(x, y + size);
  pen.fill();
}

function drawRuler() {
  const lane = lanes.ruler, about = span() / Math.max(2, plot() / 110), power = 10 ** Math.floor(Math.log10(about));
  const step = Math.max(1, [1, 2, 5, 10].find((each) => each * power >= about) * power);
  pen.fillStyle = pen.strokeStyle = ink.faint;
  pen.textAlign = "center";
  pen.beginPath();
  for (let count = Math.ceil(view.from / step) * step; count <= view.until; count += step) {
    const x = Math.round(xOf(count)) + 0.5, text = shortNumber(count, step);
    pen.moveTo(x, lane.y + lane.size - 4);
    pen.lineTo(x, lane.y + lane.size);
    const half = pen.measureText(text).width / 2;
    pen.fillText(text, Math.min(Math.max(x, GUTTER + half), GUTTER + plot() - half), lane.y + 6);
  }
  pen.stroke();
  label("instructions", lane);
}

function shortNumber(count, step) {
  if (step >= 1e6) return number(count / 1e6) + " M";
  if (step >= 1e5) return (count / 1e6).toFixed(1) + " M";
  return number(count);
}

// --- CPUs ---------------------------------------------------------------------------------------------------------

function drawCpu(lane, seen) {
  const counts = column["turn.count"], cpus = column["turn.cpu"], states = column["turn.state"];
  const parts = Math.max(1, Math.floor(plot())), problem = new Float32Array(parts), scale = parts / span();
  const top = Math.round(lane.size * 0.4), waits = new Uint8Array(parts);
  let state = 0, since = view.from;
  const until = (count) => {
    const begin = (since - view.from) * scale, end = (Math.min(count, view.until) - view.from) * scale;
    if (state === 1) for (let x = Math.floor(begin); x < end && x < parts; x++)
      problem[x] += Math.min(x + 1, end) - Math.max(x, begin);
  };
  for (let n = 0; n < counts.length && counts[n] <= view.until; n++) if (cpus[n] === lane.cpu) {
    if (counts[n] > view.from) { until(counts[n]); since = counts[n]; }
    state = states[n];
    if (state === 2 && counts[n] >= view.from) waits[Math.min(parts - 1, Math.floor((counts[n] - view.from) * scale))] = 1;
  }
  until(view.until);
  clipped(lane, () => {
    pen.fillStyle = ink.supervisor;
    pen.fillRect(GUTTER, lane.y, plot(), top);
    pen.fillStyle = ink.problem;
    for (let x = 0; x < parts; x++) if (problem[x] > 0) {
      const high = Math.max(1, top * Math.min(1, problem[x]));
      pen.fillRect(GUTTER + x, lane.y + top - high, 1, high);
    }
    pen.fillStyle = ink.wait;
    for (let x = 0; x < parts; x++) if (waits[x]) pen.fillRect(GUTTER + x, lane.y, 1.5, top);
    drawHandlers(lane, lane.y + top + 1, lane.size - top - 1, seen);
  });
  frame(lane);
  label("CPU " + lane.cpu, lane, lane.size > 26 ? "handlers" : "");
}

function drawHandlers(lane, y, size, seen) {
  const drawn = CLASS_COLOURS.map(() => -1);  // where the last mark of a class ends: one for a pixel is enough
  for (let n = firstHandler(lane.cpu, seen[0]); n < seen[1]; n++) {
    if (ev.kind[n] !== INTERRUPTION || ev.cpu[n] !== lane.cpu) continue;
    const kind = ev.before[n], lasted = column["taken.lasted"][takenOf[n]];
    const x = xOf(ev.count[n]), end = lasted ? xOf(ev.count[n] + lasted - 1) : x + 2, wide = Math.max(1.5, end - x);
    if (x + wide < GUTTER || x + wide <= drawn[kind] + 0.5) continue;
    drawn[kind] = x + wide;
    const part = size / 2, own = wide > 3 ? 0 : kind === 0 ? 0 : kind === 1 ? 1 : 0.5;  // thin ones keep apart
    pen.fillStyle = ink.classes[kind];
    if (wide > 3) {
      pen.globalAlpha = column["taken.returned"][takenOf[n]] ? 1 : 0.3;  // faint: it led somewhere else
      pen.fillRect(x, y, wide, size);
      pen.globalAlpha = 1;
      pen.fillStyle = ink.paper;
      pen.fillRect(x, y, 1, size);
    } else pen.fillRect(x, y + own * part, wide, part);
    if (wide > 34) {
      pen.fillStyle = column["taken.returned"][takenOf[n]] ? "#000000" : ink.ink;
      pen.textAlign = "left";
      pen.save();
      pen.beginPath();
      pen.rect(x, y, wide - 2, size);
      pen.clip();
      pen.fillText(interruptionText(n), Math.max(x, GUTTER) + 4, y + size / 2 + 0.5);
      pen.restore();
    }
  }
}

// The interruption of a CPU whose handler is at work when the part that is seen begins, if it is not far back.
function firstHandler(cpu, first) {
  for (let n = first - 1; n >= 0 && n > first - 2000; n--)
    if (ev.kind[n] === INTERRUPTION && ev.cpu[n] === cpu && ev.count[n] + column["taken.lasted"][takenOf[n]] > view.from)
      return n;
  return first;
}

// --- what guest and host did --------------------------------------------------------------------------------------

function drawActions(lane, name, seen, wanted, colour) {
  const counts = density(view.from, view.until, Math.max(1, Math.floor(plot() / 2)), ...seen, wanted);
  const total = counts.reduce((sum, each) => sum + each, 0);
  frame(lane);
  bars(lane, counts, colour, lane.y + lane.size, lane.size - 1);
  label(name, lane, number(total));
}

// --- the map ------------------------------------------------------------------------------------------------------

function drawMap(seen) {
  const lane = lanes.map, w = Math.max(1, Math.round(plot() * ratio)), h = Math.max(1, Math.round(lane.size * ratio));
  if (!rows.length) {
    label("blocks", lane);
    frame(lane);
    pen.fillStyle = ink.faint;
    pen.textAlign = "center";
    pen.fillText("no block has changed its state", GUTTER + plot() / 2, lane.y + lane.size / 2);
    return;
  }
  const image = pen.createImageData(w, h), pixels = new Uint32Array(image.data.buffer);
  const shown = view.bottom - view.top;
  const exact = facts.levels.length === 0 || (seen[1] - seen[0] < MOST_EXACT && shown < 1.5 * h);
  if (exact && !(facts.leftOut.length && facts.levels.length && span() > (facts.last - facts.first) / 64))
    exactly(pixels, w, h);
  else coarsely(pixels, w, h);
  canvas.dataset.map = exact ? "exact" : "coarse";
  pen.putImageData(image, Math.round(GUTTER * ratio), Math.round(lane.y * ratio));
  frame(lane);
  clipped(lane, () => { if (seen[1] - seen[0] < 200000) drawMarks(seen, lane.size / shown); });
  drawAddresses(lane, shown);
}

// Paint each row's states from its events.
function exactly(pixels, w, h) {
  const shadesFor = new Map(), scale = w / span(), from = view.from;
  const first = Math.max(0, Math.floor(view.top)), last = Math.min(rows.length, Math.ceil(view.bottom));
  for (let row = first; row < last; row++) {
    const y0 = Math.max(0, Math.round((row - view.top) * h / (view.bottom - view.top)));
    const y1 = Math.min(h, Math.max(y0 + 1, Math.round((row + 1 - view.top) * h / (view.bottom - view.top))));
    if (!shadesFor.has(y1 - y0)) shadesFor.set(y1 - y0, shadesOf(y1 - y0));
    const shades = shadesFor.get(y1 - y0);
    let k = rowAt(row, from), state = stateAt(row, from), x = 0;
    const paint = (until) => {
      for (let y = y0; y < y1; y++) pixels.fill(shades[state][y - y0], y * w + x, y * w + until);
      x = until;
    };
    for (; k < rowStart[row + 1] && x < w; k++) {
      const n = rowEvents[k];
      if (!changes(n)) continue;
      const until = Math.min(w, Math.round((ev.count[n] - from) * scale));
      if (until > x) paint(until);
      state = numberOf[ev.after[n] & STATE];
    }
    if (x < w) paint(w);
  }
}

// The colours of a row of so many pixels from its top down, of each state: the height of the bar is the content.
function shadesOf(high) {
  return facts.states.map((state, n) => {
    const whole = mixed(ink.states[n], ink.states[n], 0);
    if (high < 7) return new Uint32Array(high).fill(whole);
    const pale = mixed(ink.states[n], ink.paper, state.name === "Sz" ? 0.5 : 0.72), paper = mixed(ink.paper, ink.paper, 0);
    const part = { resident: 1, preserved: 0.5, zero: 0.18 }[state.content], room = high - (high > 9 ? Math.ceil(ratio) : 0);
    return Uint32Array.from({ length: high }, (_, y) => y >= room ? paper : y >= room * (1 - part) ? whole : pale);
  });
}

// Paint from the level of the pyramid whose cells are about pixels.
function coarsely(pixels, w, h) {
  const share = span() / (facts.last - facts.first);
  let n = facts.levels.findIndex((level) => level.columns * share >= w * 0.75);
  if (n < 0) n = facts.levels.length - 1;
  const level = facts.levels[n], cells = column["level." + n];
  const plain = ink.states.map((colour) => mixed(colour, colour, 0));
  const taken = ink.states.map((colour) => mixed(colour, ink.ink, 0.35));
  const cell = Uint32Array.from({ length: 128 }, (_, each) => (each & 0x20 ? taken : plain)[each & 7]);
  const columnOf = new Uint32Array(w);
  for (let x = 0; x < w; x++)
    columnOf[x] = Math.min(level.columns - 1, Math.floor(((view.from - facts.first) + (x + 0.5) / w * span()) /
      (facts.last - facts.first) * level.columns));
  for (let y = 0; y < h; y++) {
    const row = view.top + (y + 0.5) / h * (view.bottom - view.top);
    const line = Math.min(level.rows - 1, Math.floor(row * level.rows / rows.length)) * level.columns;
    for (let x = 0; x < w; x++) pixels[y * w + x] = cell[cells[line + columnOf[x]]];
  }
}

// Marks of what guest and host did, where there is room for them, and of faults always.
function drawMarks(seen, high) {
  const marked = [], room = Math.min(5, Math.max(2.5, high * 0.3));
  if (high >= 5) for (let n = seen[0]; n < seen[1] && marked.length <= MOST_MARKS; n++) {
    if (!changes(n) && !isFault(n)) continue;
    const row = rowOf[ev.block[n]];
    if (row >= Math.floor(view.top) && row < view.bottom) marked.push(n);
  }
  pen.lineWidth = 1;
  if (marked.length <= MOST_MARKS) for (const n of marked) {
    const x = xOf(ev.count[n]), y = yOf(rowOf[ev.block[n]] + 0.5);
    if (isFault(n)) continue;
    pen.fillStyle = ink.paper;
    pen.strokeStyle = ink.ink;
    pen.beginPath();
    if (ev.kind[n] === ESSA) pen.arc(x, y, room * 0.8, 0, 7);
    else if (byReclaim(n)) { pen.moveTo(x - room, y - room); pen.lineTo(x + room, y - room); pen.lineTo(x, y + room); pen.closePath(); }
    else { pen.moveTo(x - room, y + room); pen.lineTo(x + room, y + room); pen.lineTo(x, y - room); pen.closePath(); }
    pen.fill();
    pen.stroke();
  }
  for (const [n] of facts.stories) {
    if (ev.count[n] < view.from || ev.count[n] > view.until) continue;
    const x = xOf(ev.count[n]), y = yOf(rowOf[ev.block[n]] + 0.5), size = Math.max(4, room);
    cross(x, y, size, ink.paper, 4);
    cross(x, y, size, ink.ink, 2);
  }
}

function cross(x, y, size, colour, line) {
  pen.strokeStyle = colour;
  pen.lineWidth = line;
  pen.beginPath();
  pen.moveTo(x - size, y - size); pen.lineTo(x + size, y + size);
  pen.moveTo(x + size, y - size); pen.lineTo(x - size, y + size);
  pen.stroke();
}

function drawAddresses(lane, shown) {
  const step = Math.max(1, Math.ceil(shown / (lane.size / 15)));
  pen.textAlign = "right";
  pen.fillStyle = ink.faint;
  for (let row = Math.ceil(Math.max(0, view.top) / step) * step; row < Math.min(view.bottom, rows.length); row += step) {
    const y = yOf(row + (step === 1 ? 0.5 : 0));
    if (y > lane.y + 3 && y < lane.y + lane.size - 3) pen.fillText(address(rows[row]), GUTTER - 8, y);
    if (row > 0 && rows[row] !== rows[row - 1] + 1 && step === 1) {  // blocks between them never change
      pen.fillRect(GUTTER - 6, yOf(row), 6, 1);
    }
  }
}

// --- blocks by state, faults, what is chosen ----------------------------------------------------------------------

function drawArea(seen) {
  const lane = lanes.area, parts = Math.max(1, Math.floor(plot() / 2)), total = column.initial.length, step = plot() / parts;
  const order = ["Sr", "Pr", "Vr", "Ur", "Sp", "Vz", "Uz", "Sz"].map((name) => facts.states.findIndex((s) => s.name === name));
  const blocks = blocksAt(view.from);
  let n = seen[0];
  for (let part = 0; part < parts; part++) {
    const end = view.from + (part + 1) / parts * span();
    for (; n < events && ev.count[n] < end; n++) if (changes(n)) {
      blocks[stateBefore[n]]--;
      blocks[numberOf[ev.after[n] & STATE]]++;
    }
    let y = lane.y + lane.size;
    for (const state of order) if (blocks[state]) {
      const high = blocks[state] / total * lane.size;
      pen.fillStyle = ink.states[state];
      pen.fillRect(GUTTER + part * step, y - high, step + 0.5, high);
      y -= high;
    }
  }
  frame(lane);
  label("blocks", lane, "by state");
  pen.fillText(number(total), GUTTER - 8, lane.y + 36);
}

function drawFaults() {
  const lane = lanes.faults;
  label("faults", lane);
  pen.textAlign = "left";
  let free = -1;
  facts.stories.forEach((story, k) => {
    const x = xOf(ev.count[story[0]]);
    if (x < GUTTER || x > GUTTER + plot()) return;
    pen.fillStyle = ink.host;
    triangle(x, lane.y + lane.size - 9, 5, 9);
    const text = String(k + 1), wide = pen.measureText(text).width;
    if (x - wide / 2 > free) {
      pen.fillStyle = ink.ink;
      pen.fillText(text, x - wide / 2, lane.y + 5);
      free = x + wide / 2 + 4;
    }
  });
}

function drawChosen() {
  pen.strokeStyle = ink.mark;
  pen.lineWidth = 1.5;
  if (view.band) {
    pen.fillStyle = ink.mark;
    pen.globalAlpha = 0.2;
    pen.fillRect(Math.min(...view.band), lanes.ruler.y, Math.abs(view.band[1] - view.band[0]), height);
    pen.globalAlpha = 1;
  }
  const moment = view.chosen >= 0 ? ev.count[view.chosen] : view.moment;
  if (moment === null || moment < view.from || moment > view.until) return;
  const x = xOf(moment);
  pen.beginPath();
  pen.moveTo(x, lanes.ruler.y + lanes.ruler.size);
  pen.lineTo(x, lanes.area.y + lanes.area.size);
  pen.stroke();
  const row = view.chosen >= 0 && ev.block[view.chosen] !== NO_BLOCK ? rowOf[ev.block[view.chosen]] : view.row;
  if (row < 0) return;
  clipped(lanes.map, () => {
    const y = yOf(row), high = Math.max(3, yOf(row + 1) - y);
    pen.strokeRect(GUTTER + 1, y - 1, plot() - 2, high + 2);
    pen.lineWidth = 2.5;
    pen.beginPath();
    pen.arc(x, y + high / 2, Math.max(7, high / 2 + 3), 0, 7);
    pen.stroke();
  });
}
