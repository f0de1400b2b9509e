// What the reader does: zoom, move, choose, search; and the words beside the picture.

const byId = (id) => document.getElementById(id);
const LEAST_SPAN = 12, MOST_LISTED = 500;

// An element with attributes and children: make("td", {class: "number"}, "7").
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes))
    if (key === "click") element.addEventListener("click", value); else element.setAttribute(key, value);
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

// --- what is shown --------------------------------------------------------------------------------------------------

function show(from, until) {
  const whole = facts.last - facts.first, wide = Math.min(Math.max(until - from, Math.min(LEAST_SPAN, whole)), Math.max(1, whole));
  const middle = (from + until) / 2;
  view.from = Math.min(Math.max(facts.first, middle - wide / 2), Math.max(facts.first, facts.last - wide));
  view.until = view.from + wide;
  redraw();
}

function showRows(top, bottom) {
  const high = Math.min(Math.max(bottom - top, 4), Math.max(1, rows.length)), middle = (top + bottom) / 2;
  view.top = Math.min(Math.max(0, middle - high / 2), Math.max(0, rows.length - high));
  view.bottom = view.top + high;
  redraw();
}

function showAll() { show(facts.first, facts.last); showRows(0, rows.length); }

// factor below 1: closer. about: the instruction that stays where it is.
function zoom(factor, about = focus()) {
  show(about - (about - view.from) * factor, about + (view.until - about) * factor);
}

function zoomRows(factor, about = view.row >= 0 ? view.row + 0.5 : (view.top + view.bottom) / 2) {
  showRows(about - (about - view.top) * factor, about + (view.bottom - about) * factor);
}

function focus() {
  const moment = view.chosen >= 0 ? ev.count[view.chosen] : view.moment;
  return moment !== null && moment >= view.from && moment <= view.until ? moment : (view.from + view.until) / 2;
}

// Bring an event into what is shown.
function bring(n) {
  const count = ev.count[n];
  if (count < view.from || count > view.until) show(count - span() / 2, count + span() / 2);
  if (ev.block[n] !== NO_BLOCK) {
    const row = rowOf[ev.block[n]], high = view.bottom - view.top;
    if (row < view.top || row + 1 > view.bottom) showRows(row + 0.5 - high / 2, row + 0.5 + high / 2);
  }
}

function zoomTo(n) {
  let first = ev.count[n], last = first;
  if (faultOf.has(n)) {
    const [, , , repair, retried] = facts.stories[faultOf.get(n)];
    for (const each of repair) last = Math.max(last, ev.count[each]);
    last = Math.max(last, first + (retried || 0));
  }
  const beside = Math.max(150, (last - first) * 0.8);
  show(first - beside, last + beside);
  if (ev.block[n] !== NO_BLOCK) {
    const row = rowOf[ev.block[n]], high = Math.min(rows.length, Math.max(8, Math.floor(lanes.map.size / 22)));
    showRows(row + 0.5 - high / 2, row + 0.5 + high / 2);
  }
}

// --- what is chosen -------------------------------------------------------------------------------------------------

function choose(n, brought = true) {
  view.chosen = n;
  view.moment = null;
  view.row = n >= 0 && ev.block[n] !== NO_BLOCK ? rowOf[ev.block[n]] : -1;
  byId("told").replaceChildren(...(n < 0 ? welcome() : eventTold(n)));
  document.body.dataset.chosen = n;
  document.querySelector("aside").scrollTop = 0;
  for (const button of byId("faults").querySelectorAll("button"))
    button.setAttribute("aria-current", String(Number(button.dataset.event) === n));
  if (n >= 0 && brought) bring(n);
  redraw();
}

// The state of a block at a moment, of which no event says who gave it.
function chooseMoment(row, moment) {
  view.chosen = -1;
  [view.row, view.moment] = [row, moment];
  const lines = [make("h2", {}, `Instruction ${number(moment)}`)];
  if (row >= 0) lines.push(make("p", {}, `Block ${address(rows[row])} is ` +
    `${stateWords(stateAt(row, moment))} since the beginning of what this page has.`));
  byId("told").replaceChildren(...lines);
  document.body.dataset.chosen = -1;
  redraw();
}

const stateWords = (state) => `${facts.states[state].name} (${facts.states[state].usage}, ${facts.states[state].content})`;

function welcome() {
  return [make("p", { class: "faint" }, "Click into the picture: on the map for who gave a block its state, on a lane for " +
    "an interruption or an action. F goes to the next discard fault. ? lists the keys.")];
}

const link = (n, text) => make("button", { class: "plain", click: () => choose(n), "data-event": n }, text);

function eventTold(n) {
  const told = [make("h2", {}, faultOf.has(n) ? `Discard fault ${faultOf.get(n) + 1} of ${facts.stories.length}` : kindName(n)),
    make("p", {}, `Instruction ${number(ev.count[n])}` + (facts.cpus > 1 ? `, CPU ${ev.cpu[n]}` : "") +
      `, event ${number(n + 1)} of ${number(events)}`)];
  told.push(make("p", {}, eventText(n)));
  if (ev.kind[n] === INTERRUPTION) told.push(interruptionTold(n));
  if (faultOf.has(n)) told.push(storyTold(facts.stories[faultOf.get(n)]));
  told.push(make("div", { class: "buttons" },
    make("button", { click: () => step(n, -1) }, "◀ before"), make("button", { click: () => step(n, 1) }, "next ▶"),
    make("button", { click: () => zoomTo(n) }, "zoom to it")));
  if (ev.kind[n] !== INPUT && ev.kind[n] !== PUT) told.push(...codeTold(n), ...registersTold(n));
  if (ev.block[n] !== NO_BLOCK) told.push(...lifeTold(n));
  return told;
}

function kindName(n) {
  return ["The guest: ESSA", "The host", "Interruption", "The world", "The world"][ev.kind[n]];
}

function interruptionTold(n) {
  const taken = takenOf[n], lasted = column["taken.lasted"][taken], teid = facts.teids[column["taken.teid"][taken]];
  const back = column["taken.returned"][taken] ? ", then went on there" : ", then went elsewhere";
  return make("p", {}, `Old PSW address ${placeText(facts.olds[column["taken.old"][taken]])}` +
    (teid !== "0" ? `, translation-exception identification 0x${teid}` : "") +
    (lasted ? `. The handler took ${number(lasted - 1)} instructions${back}.` : ". The handler's end is not in this part."));
}

function storyTold([fault, hinted, took, repair, retried]) {
  const steps = [];
  const told = (what, n) => make("li", {}, make("b", {}, what + ": "), n < 0 ? "not in this part of the recording" :
    link(n, `${number(ev.count[n])} ${eventText(n)}`), n < 0 ? null : atPlace(n));
  steps.push(told("hinted", hinted), told("taken", took));
  steps.push(make("li", {}, make("b", {}, "touched: "), link(fault, number(ev.count[fault])), atPlace(fault)));
  for (const n of repair) steps.push(told(ev.kind[n] === ESSA ? "handler" : "then", n));
  steps.push(make("li", {}, make("b", {}, retried ? "retried: " : "not retried: "),
    retried ? `completed ${number(retried)} instructions after the fault` :
      column["taken.lasted"][takenOf[fault]] ? "the guest went on elsewhere, with its fixup" : "not in this part"));
  return make("ol", { class: "story" }, steps);
}

function atPlace(n) {
  const place = facts.places[ev.place[n]];
  return make("span", { class: "faint" }, ` at ${placeText(place)}${place[3] ? ": " + place[3] : ""}`);
}

function codeTold(n) {
  const place = facts.places[ev.place[n]], source = place[4] >= 0 ? facts.sources[place[4]] : null;
  const lines = [make("h2", {}, ev.kind[n] === INTERRUPTION && ev.before[n] > 1 ? "Instruction before it" : "Instruction"),
    make("div", { class: "code", id: "instruction" }, `${placeText(place)}\n` + (withoutContent(n, place) ?
      "it lies in the block itself, which has no content" : `${place[2]}  ${place[3] || "(not known)"}`))];
  if (source) lines.push(make("div", { class: "code", id: "source" }, `${source[0]}:${source[1]}\n${source[2]}`));
  return lines;
}

// Whether it is the fetch of an instruction that found its block discarded.
const withoutContent = (n, place) => isFault(n) && Math.floor(parseInt(place[0], 16) / BLOCK) === ev.block[n];

function registersTold(n) {
  if (!detailOf.has(n)) return [make("p", { class: "faint" }, "The page has no registers of this event; ",
    make("code", {}, `s390emu trace show ${facts.title} --kinds insn --from ${Math.max(facts.first, ev.count[n] - 1)} --count 2`),
    ` shows more, or a page of a part with --from, --until, --details.`)];
  const row = detailOf.get(n), of = (k) => column["detail." + k][row].toString(16).padStart(16, "0");
  const mask = column["detail.0"][row].toString(16), table = make("table", { class: "registers", id: "registers" });
  for (let r = 0; r < 8; r++) table.append(make("tr", {}, make("td", {}, "r" + r), make("td", {}, of(r + 2)),
    make("td", {}, "r" + (r + 8)), make("td", {}, of(r + 10))));
  return [make("h2", {}, "Registers before it"), make("p", {}, `PSW ${of(0)} ${of(1)}: ${facts.psws[mask] || ""}`), table];
}

function lifeTold(n) {
  const row = rowOf[ev.block[n]], k = rowEvents.subarray(rowStart[row], rowStart[row + 1]).indexOf(n) + rowStart[row];
  const list = make("table"), from = Math.max(rowStart[row], k - 4), until = Math.min(rowStart[row + 1], k + 5);
  for (let each = from; each < until; each++) {
    const other = rowEvents[each], text = isFault(other) ? "discard fault" :
      `${stateText(ev.before[other])} → ${stateText(ev.after[other])} ${whoText(other)}`;
    list.append(make("tr", {}, make("td", { class: "number" }, number(ev.count[other])),
      make("td", {}, other === n ? make("b", {}, text) : link(other, text))));
  }
  return [make("h2", {}, `Block ${address(ev.block[n])}: event ${number(k - rowStart[row] + 1)} of ${number(rowStart[row + 1] - rowStart[row])}`), list];
}

// The next event of the same block, or the next interruption of the same CPU.
function step(n, by) {
  if (n < 0) return next(by);
  const block = ev.block[n], mine = block !== NO_BLOCK ? (m) => ev.block[m] === block :
    (m) => ev.kind[m] === ev.kind[n] && ev.cpu[m] === ev.cpu[n];
  for (let m = n + by; m >= 0 && m < events; m += by) if (mine(m)) return choose(m);
}

function next(by) {  // event at all
  const n = view.chosen >= 0 ? view.chosen + by : at(ev.count, view.moment ?? view.from) - (by < 0 ? 1 : 0);
  if (n >= 0 && n < events) choose(n);
}

function chooseFault(k) {
  if (k < 0 || k >= facts.stories.length) return;
  choose(facts.stories[k][0]);
  const list = byId("faults"), item = list.children[k];  // scrollIntoView would move what stands around it too
  if (item) list.scrollTop = item.offsetTop - list.offsetTop - list.clientHeight / 2;
}

function nextFault(by) {
  if (!facts.stories.length) return;
  if (view.chosen < 0) return chooseFault(by > 0 ? 0 : facts.stories.length - 1);
  const order = facts.stories.map((story) => story[0]), k = at(order, view.chosen);
  chooseFault(by < 0 ? k - 1 : order[k] === view.chosen ? k + 1 : k);
}

// --- search ---------------------------------------------------------------------------------------------------------

let asked = "";

function find(by) {
  const query = byId("query").value, again = query === asked;
  asked = query;
  const result = query.trim() ? search(query) : { found: [] };
  view.found = result.found || [];
  if (result.error !== undefined) byId("found").value = result.error;
  else if (result.fault !== undefined) { byId("found").value = ""; chooseFault(result.fault); zoomTo(view.chosen); }
  else if (result.count !== undefined) {
    byId("found").value = "";
    if (result.count < view.from || result.count > view.until) show(result.count - span() / 2, result.count + span() / 2);
    const n = at(ev.count, result.count);
    if (n < events && ev.count[n] === result.count) choose(n); else chooseMoment(-1, result.count);
  } else if (!view.found.length) byId("found").value = query.trim() ? "nothing" : "";
  else {
    let k = at(view.found, view.chosen < 0 ? 0 : view.chosen);
    if (again || by < 0) k = by < 0 ? k - 1 : view.found[k] === view.chosen ? k + 1 : k;
    k = (k + view.found.length) % view.found.length;
    byId("found").value = `${number(k + 1)} of ${number(view.found.length)}`;
    choose(view.found[k]);
  }
  redraw();
}

function ask(query) { byId("query").value = query; view.chosen = -1; find(1); }

// --- lists ----------------------------------------------------------------------------------------------------------

function listFaults() {
  byId("fault-count").textContent = number(facts.stories.length);
  facts.stories.slice(0, MOST_LISTED).forEach(([n, , took, , retried], k) => {
    const by = took < 0 ? "" : `, taken by ${whoText(took)}`;
    byId("faults").append(make("li", {}, make("button", { "data-event": n, click: () => { choose(n); zoomTo(n); } },
      `${k + 1}. ${number(ev.count[n])}: block ${address(ev.block[n])}${by}, ${retried ? `repaired in ${number(retried)}` : "not retried"}`)));
  });
  if (facts.stories.length > MOST_LISTED) byId("faults").append(make("li", {}, `the first ${MOST_LISTED}; F goes on to the others`));
  if (!facts.stories.length) byId("faults").append(make("li", { class: "faint" }, "none"));
}

function listSums() {
  const counts = new Map();
  for (let n = 0; n < events; n++) {
    const text = ev.kind[n] >= PUT ? "the world" : whoText(n) + (ev.kind[n] === ESSA && !changes(n) ? " (no change)" : "");
    counts.set(text, (counts.get(text) || 0) + 1);
  }
  for (const [text, count] of [...counts].sort((one, other) => other[1] - one[1]).slice(0, 60))
    byId("sums").append(make("tr", {}, make("td", { class: "number" }, number(count)),
      make("td", {}, make("button", { class: "plain", click: () => ask(text.replace(/ \(.*\)/, "").replace(/[,']/g, " ")) }, text))));
}

function listFacts() {
  const options = Object.entries(facts.options).map(([name, value]) => `${name} ${value}`).join(", ");
  const ended = facts.ended ? `${facts.ended.reason}, after ${number(facts.ended.count)} instructions` : "not known";
  for (const [name, value] of [["file", facts.title], ["recorded by", `s390emu ${facts.emulator} ${facts.command}`],
    ["instructions", `${number(facts.first)} to ${number(facts.last)}` + (facts.last - facts.first < facts.recorded[1] - facts.recorded[0] ?
      ` of ${number(facts.recorded[1])}` : "")], ["events", number(events)],
    ["blocks", `${number(column.initial.length)}; ${number(rows.length)} of them in the map, the others never change`],
    ["registers", `of ${number(detailOf.size)} events`], ["ended", ended], ["guest", options]])
    byId("about").append(make("tr", {}, make("th", {}, name), make("td", {}, value)));
  const told = facts.leftOut.map((each) => "left out: " + each);
  if (facts.cut) told.push("the recording is not whole: " + facts.cut);
  byId("left-out").textContent = told.join("; ");
  byId("left-out").hidden = !told.length;
}

function listLegend() {
  const entries = [];
  const entry = (paint, text) => {
    const swatch = make("canvas", { width: 18, height: 14 });
    paint(swatch.getContext("2d"));
    entries.push(make("span", {}, swatch, text));
  };
  facts.states.forEach((state, n) => entry((to) => {
    const shades = shadesOf(14)[n];
    const image = to.createImageData(18, 14);
    new Uint32Array(image.data.buffer).forEach((_, k, all) => { all[k] = shades[Math.floor(k / 18)]; });
    to.putImageData(image, 0, 0);
  }, `${state.name} ${state.usage}, ${state.content}`));
  const shape = (draw) => (to) => { to.strokeStyle = ink.ink; to.fillStyle = ink.paper; to.beginPath(); draw(to); to.fill(); to.stroke(); };
  entry(shape((to) => to.arc(9, 7, 4, 0, 7)), "the guest's ESSA");
  entry(shape((to) => { to.moveTo(4, 2); to.lineTo(14, 2); to.lineTo(9, 12); to.closePath(); }), "taken by the host");
  entry(shape((to) => { to.moveTo(4, 12); to.lineTo(14, 12); to.lineTo(9, 2); to.closePath(); }), "given by the host");
  entry(shape((to) => { to.lineWidth = 2; to.moveTo(4, 2); to.lineTo(14, 12); to.moveTo(14, 2); to.lineTo(4, 12); }), "discard fault");
  facts.classes.forEach((name, kind) => { if (kindsTaken.has(kind)) entry((to) => {
    to.fillStyle = ink.classes[kind];
    to.fillRect(2, 3, 14, 8);
  }, "handler: " + name + (kind ? "" : " (faint: it went elsewhere)")); });
  entry((to) => { to.fillStyle = ink.problem; to.fillRect(0, 0, 18, 14); }, "problem state");
  entry((to) => { to.fillStyle = ink.wait; to.fillRect(7, 0, 3, 14); }, "wait");
  byId("legend").replaceChildren(...entries);
}

const kindsTaken = new Set();

// --- mouse and keys -------------------------------------------------------------------------------------------------

const inLane = (lane, y) => y >= lane.y - 3 && y <= lane.y + lane.size + 3;

function pick(x, y) {
  const moment = countOf(Math.min(Math.max(x, GUTTER), GUTTER + plot())), reach = span() / plot() * 7;
  if (inLane(lanes.faults, y)) {
    const n = nearest(moment, reach, isFault);
    return n < 0 ? undefined : choose(n);
  }
  for (const lane of lanes.cpus) if (inLane(lane, y)) {
    const mine = (n) => ev.kind[n] === INTERRUPTION && ev.cpu[n] === lane.cpu;
    let n = nearest(moment, reach, mine);
    for (let m = at(ev.count, moment) - 1, tried = 0; n < 0 && m >= 0 && tried < 5000; m--, tried++)
      if (mine(m) && ev.count[m] + column["taken.lasted"][takenOf[m]] > moment) n = m;
    return n < 0 ? chooseMoment(-1, Math.round(moment)) : choose(n);
  }
  if (inLane(lanes.guest, y) || inLane(lanes.host, y)) {
    const n = nearest(moment, reach, inLane(lanes.guest, y) ? (m) => ev.kind[m] === ESSA && changes(m) : byReclaim);
    return n < 0 ? undefined : choose(n);
  }
  if (inLane(lanes.map, y) && rows.length) {
    const row = Math.min(rows.length - 1, Math.max(0, rowAtY(y)));
    let best = -1, least = Infinity;
    for (let k = rowAt(row, moment - reach); k < rowStart[row + 1] && ev.count[rowEvents[k]] <= moment + reach; k++) {
      const n = rowEvents[k], far = Math.abs(ev.count[n] - moment) * (isFault(n) ? 0.3 : 1);  // a fault is easily hit
      if (far < least) [best, least] = [n, far];
    }
    if (best < 0) best = giver(row, moment);
    return best < 0 ? chooseMoment(row, Math.round(moment)) : choose(best, false);
  }
  if (inLane(lanes.area, y)) chooseMoment(-1, Math.round(moment));
}

function nearest(moment, reach, wanted) {
  let best = -1;
  for (let n = at(ev.count, moment - reach); n < events && ev.count[n] <= moment + reach; n++)
    if (wanted(n) && (best < 0 || Math.abs(ev.count[n] - moment) < Math.abs(ev.count[best] - moment))) best = n;
  return best;
}

function tell(x, y) {
  const tip = byId("tip"), moment = countOf(x);
  let text = "";
  if (x >= GUTTER && x <= GUTTER + plot()) {
    if (inLane(lanes.map, y) && rows.length) {
      const row = Math.min(rows.length - 1, Math.max(0, rowAtY(y))), n = giver(row, moment);
      text = `${address(rows[row])} at ${number(moment)}\n${stateWords(stateAt(row, moment))}` +
        (n < 0 ? "" : `\nsince ${number(ev.count[n])}: ${whoText(n)}`);
    } else if (inLane(lanes.area, y))
      text = `at ${number(moment)}\n` + [...blocksAt(moment)].map((count, n) => count ? `${facts.states[n].name} ${number(count)}` : "").filter(Boolean).join("  ");
    else if (y > lanes.ruler.y) {
      const lane = lanes.cpus.find((each) => inLane(each, y));
      const n = lane ? nearest(moment, span() / plot() * 4, (m) => ev.kind[m] === INTERRUPTION && ev.cpu[m] === lane.cpu) : -1;
      text = number(moment) + (n < 0 ? "" : `\n${interruptionText(n)}`);
    }
  }
  tip.hidden = !text;
  tip.textContent = text;
  const high = tip.offsetHeight, wide = tip.offsetWidth;
  tip.style.left = Math.min(x + 14, width - wide - 4) + "px";
  tip.style.top = Math.max(2, y + 16 + high > height ? y - high - 8 : y + 16) + "px";
}

function listenToMouse() {
  let drag = null;
  canvas.addEventListener("pointerdown", (e) => {
    if (e.button) return;
    canvas.setPointerCapture(e.pointerId);
    const overview = inLane(lanes.overview, e.offsetY);
    const band = !overview && (e.shiftKey || inLane(lanes.ruler, e.offsetY));
    drag = { x: e.offsetX, y: e.offsetY, from: view.from, top: view.top, moved: false, overview, band };
    if (overview) moveTo(e.offsetX);
  });
  const moveTo = (x) => {
    const middle = facts.first + (x - GUTTER) / plot() * (facts.last - facts.first);
    show(middle - span() / 2, middle + span() / 2);
  };
  canvas.addEventListener("pointermove", (e) => {
    if (!drag) return tell(e.offsetX, e.offsetY);
    byId("tip").hidden = true;
    if (Math.abs(e.offsetX - drag.x) + Math.abs(e.offsetY - drag.y) > 4) drag.moved = true;
    if (!drag.moved) return;
    if (drag.overview) return moveTo(e.offsetX);
    if (drag.band) { view.band = [drag.x, e.offsetX]; return redraw(); }
    const from = drag.from - (e.offsetX - drag.x) / plot() * span(), high = view.bottom - view.top;
    show(from, from + span());
    if (inLane(lanes.map, drag.y)) {
      const top = drag.top - (e.offsetY - drag.y) / lanes.map.size * high;
      showRows(top, top + high);
    }
  });
  canvas.addEventListener("pointerup", (e) => {
    if (!drag) return;
    const was = drag;
    drag = null;
    if (was.band && view.band) {
      const [one, other] = view.band.map(countOf);
      view.band = null;
      show(Math.min(one, other), Math.max(one, other));
    } else if (!was.moved && !was.overview) pick(e.offsetX, e.offsetY);
  });
  canvas.addEventListener("pointercancel", () => { drag = view.band = null; redraw(); });
  canvas.addEventListener("pointerleave", () => { byId("tip").hidden = true; });
  canvas.addEventListener("dblclick", () => { if (view.chosen >= 0) zoomTo(view.chosen); });
  canvas.addEventListener("wheel", (e) => {
    e.preventDefault();
    const turn = (e.deltaY || e.deltaX) * (e.deltaMode ? 30 : 1), factor = Math.exp(Math.max(-300, Math.min(300, turn)) * 0.0022);
    if (e.altKey && inLane(lanes.map, e.offsetY)) zoomRows(factor, view.top + (e.offsetY - lanes.map.y) / lanes.map.size * (view.bottom - view.top));
    else if (e.shiftKey || (e.deltaX && !e.deltaY)) show(view.from + turn / 800 * span(), view.until + turn / 800 * span());
    else zoom(factor, Math.min(view.until, Math.max(view.from, countOf(e.offsetX))));
  }, { passive: false });
}

const KEYS = {
  "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), "_": () => zoom(2),
  "[": () => zoomRows(0.6), "]": () => zoomRows(1 / 0.6),
  ArrowLeft: () => show(view.from - span() / 8, view.until - span() / 8),
  ArrowRight: () => show(view.from + span() / 8, view.until + span() / 8),
  ArrowUp: () => { const by = (view.bottom - view.top) / 8; showRows(view.top - by, view.bottom - by); },
  ArrowDown: () => { const by = (view.bottom - view.top) / 8; showRows(view.top + by, view.bottom + by); },
  Home: showAll, f: () => nextFault(1), F: () => nextFault(-1), n: () => step(view.chosen, 1), p: () => step(view.chosen, -1),
  ".": () => next(1), ",": () => next(-1), Enter: () => { if (view.chosen >= 0) zoomTo(view.chosen); },
  "/": () => { byId("query").focus(); byId("query").select(); }, "?": () => byId("help").showModal(),
  t: switchLight, Escape: () => { view.found = []; choose(-1); },
};

function listenToKeys() {
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || byId("help").open) return;
    const where = e.target;
    if (where === byId("query")) {
      if (e.key === "Escape") canvas.focus();
      if (e.key === "Enter" && e.shiftKey) { e.preventDefault(); find(-1); }
      return;
    }
    if (where instanceof HTMLButtonElement && (e.key === "Enter" || e.key === " ")) return;
    const act = KEYS[e.key] || (e.shiftKey && e.key.length === 1 && e.key !== "F" ? KEYS[e.key.toLowerCase()] : null);
    if (!act || (where.closest?.("aside") && e.key.startsWith("Arrow"))) return;
    e.preventDefault();
    act();
  });
}

// --- light and dark, beginning --------------------------------------------------------------------------------------

const darkness = matchMedia("(prefers-color-scheme: dark)");

function switchLight() {
  const root = document.documentElement, now = root.dataset.theme || (darkness.matches ? "dark" : "light");
  root.dataset.theme = now === "dark" ? "light" : "dark";
  relight();
}

function relight() { readColours(); listLegend(); redraw(); }

async function begin() {
  await load();
  for (let n = 0; n < events; n++) if (ev.kind[n] === INTERRUPTION) kindsTaken.add(ev.before[n]);
  readColours();
  layOut();
  listFaults();
  listSums();
  listFacts();
  listLegend();
  showAll();
  choose(-1);
  listenToMouse();
  listenToKeys();
  byId("search").addEventListener("submit", (e) => { e.preventDefault(); find(1); });
  const buttons = { "found-before": () => find(-1), "fault-before": () => nextFault(-1), "fault-next": () => nextFault(1),
    "zoom-in": () => zoom(0.5), "zoom-out": () => zoom(2), whole: showAll, theme: switchLight,
    keys: () => byId("help").showModal() };
  for (const [id, act] of Object.entries(buttons)) byId(id).addEventListener("click", act);
  darkness.addEventListener("change", relight);
  new ResizeObserver(() => { layOut(); overview = null; redraw(); }).observe(canvas);
  document.body.dataset.ready = "yes";
}

begin().catch((error) => {
  byId("told").replaceChildren(make("p", {}, `This page cannot be shown: ${error.message}. It needs a browser with ` +
    "DecompressionStream: Chromium 80, Firefox 113, Safari 16.4 or later."));
  document.body.dataset.ready = "no";
  throw error;
});
