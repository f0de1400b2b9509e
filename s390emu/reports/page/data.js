"use strict";
// What the page knows: the facts (JSON) and the columns (compressed numbers), and questions about them.

const ESSA = 0, HOST = 1, INTERRUPTION = 2, PUT = 3, INPUT = 4;
const NO_BLOCK = 0xFFFFFFFF, STATE = 15, BLOCK = 4096, REGISTERS = 18, CHECK = 4096;
const RECLAIM = 8, CAUSE_SHIFT = 8;

const facts = JSON.parse(document.getElementById("facts").textContent);
const column = {};  // by name
const ev = {};   // columns of events: count, kind, cpu, block, before, after, detail, place
let events = 0;     // how many
let rows = [];      // blocks that any event is about
let rowOf;          // by block: its row
let rowStart, rowEvents;  // the events of a row, in the order in which they happened
let stateBefore;    // by event: the state (by number) that its block had
let sums = [];      // blocks by state, before every CHECK-th event
let takenOf;        // by event: its number among interruptions
let detailOf = new Map();
let faultOf = new Map();  // by event: number of the story
const numberOf = new Uint8Array(16);  // of a state, by its code
facts.states.forEach((state, number) => { numberOf[state.code] = number; });

async function load() {
  const element = document.getElementById("columns"), text = atob(element.textContent);
  element.remove();
  const packed = new Uint8Array(text.length);
  for (let n = 0; n < text.length; n++) packed[n] = text.charCodeAt(n);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const data = await new Response(stream).arrayBuffer();
  for (const [name, told] of Object.entries(facts.columns)) column[name] = unpacked(data, told);
  for (const name of ["count", "kind", "cpu", "block", "before", "after", "detail", "place"])
    ev[name] = column["event." + name];
  events = ev.count.length;
  sortRows();
  followStates();
  takenOf = new Uint32Array(events);
  for (let n = 0, taken = 0; n < events; n++) if (ev.kind[n] === INTERRUPTION) takenOf[n] = taken++;
  column["detail.event"].forEach((n, row) => detailOf.set(n, row));
  facts.stories.forEach((story, n) => faultOf.set(story[0], n));
}

function unpacked(data, told) {
  if (told.type === "u64") {
    const words = new BigUint64Array(data, told.at, told.length);
    for (let n = 1; n < words.length; n++) words[n] ^= words[n - 1];
    return words;
  }
  const type = { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, f8: Float64Array }[told.type];
  const values = new type(data, told.at, told.length);
  if (!told.grows) return values;
  const whole = new Float64Array(values.length);
  for (let n = 0, value = told.first; n < whole.length; n++) whole[n] = value += values[n];
  return whole;
}

function sortRows() {
  const used = new Uint8Array(column.initial.length);
  for (let n = 0; n < events; n++) if (ev.block[n] !== NO_BLOCK) used[ev.block[n]] = 1;
  rowOf = new Int32Array(used.length).fill(-1);
  for (let block = 0; block < used.length; block++)
    if (used[block]) { rowOf[block] = rows.length; rows.push(block); }
  rowStart = new Uint32Array(rows.length + 1);
  for (let n = 0; n < events; n++) if (ev.block[n] !== NO_BLOCK) rowStart[rowOf[ev.block[n]] + 1]++;
  for (let row = 0; row < rows.length; row++) rowStart[row + 1] += rowStart[row];
  rowEvents = new Uint32Array(rowStart[rows.length]);
  const next = rowStart.slice();
  for (let n = 0; n < events; n++)
    if (ev.block[n] !== NO_BLOCK) rowEvents[next[rowOf[ev.block[n]]]++] = n;
}

function followStates() {
  const now = Uint8Array.from(column.initial, (state) => numberOf[state & STATE]);
  const blocks = new Float64Array(facts.states.length);
  for (const state of now) blocks[state]++;
  stateBefore = new Uint8Array(events);
  for (let n = 0; n < events; n++) {
    if (n % CHECK === 0) sums.push(blocks.slice());
    if (!ofBlock(n)) continue;
    const block = ev.block[n], after = numberOf[ev.after[n] & STATE];
    stateBefore[n] = now[block];
    blocks[now[block]]--;
    blocks[after]++;
    now[block] = after;
  }
  if (events % CHECK === 0) sums.push(blocks.slice());
}

const ofBlock = (n) => ev.kind[n] !== INTERRUPTION && ev.kind[n] !== INPUT;
const changes = (n) => ofBlock(n) && ev.before[n] !== ev.after[n];
const isFault = (n) => ev.kind[n] === INTERRUPTION && ev.block[n] !== NO_BLOCK;
const byReclaim = (n) => ev.kind[n] === HOST && ev.detail[n] >> CAUSE_SHIFT === RECLAIM;

// The first of ascending values that is at least this one.
function at(values, value, low = 0, high = values.length) {
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < value) low = middle + 1; else high = middle;
  }
  return low;
}

// Where in rowEvents is the first event of a row at or after an instruction count.
function rowAt(row, count) {
  let low = rowStart[row], high = rowStart[row + 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ev.count[rowEvents[middle]] < count) low = middle + 1; else high = middle;
  }
  return low;
}

// The event that gave a row's block the state it has at a moment; -1: it has had it from the start.
function giver(row, count) {
  for (let k = rowAt(row, count) - 1; k >= rowStart[row]; k--) if (changes(rowEvents[k])) return rowEvents[k];
  return -1;
}

function stateAt(row, count) {  // as a number
  const n = giver(row, count);
  return numberOf[(n < 0 ? column.initial[rows[row]] : ev.after[n]) & STATE];
}

// Blocks by state at a moment.
function blocksAt(count) {
  const end = at(ev.count, count), blocks = sums[Math.floor(end / CHECK)].slice();
  for (let n = end - end % CHECK; n < end; n++) if (changes(n)) {
    blocks[stateBefore[n]]--;
    blocks[numberOf[ev.after[n] & STATE]]++;
  }
  return blocks;
}

// --- words --------------------------------------------------------------------------------------------------------

const number = (value) => Math.round(value).toLocaleString("en-US");
const hex = (value) => "0x" + value.toString(16);
const address = (block) => hex(block * BLOCK);
const stateText = (word) => facts.states[numberOf[word & STATE]].name + (word & 0x20 ? "+no-DAT" : "");

function placeText(place) {
  return "0x" + place[0] + (place[1] ? ` <${place[1]}>` : "");
}

function interruptionText(n) {
  const kind = ev.before[n], code = ev.detail[n].toString(16).toUpperCase().padStart(4, "0");
  const name = kind === 0 ? facts.codes[ev.detail[n].toString(16)] : "";
  return `${facts.classes[kind]} ${code}${name ? ` (${name})` : ""}`;
}

function whoText(n) {
  const kind = ev.kind[n];
  if (kind === INTERRUPTION) return interruptionText(n);
  if (kind === INPUT) return "the world: " + facts.inputs[ev.detail[n]];
  return kind === PUT ? "the world put it into this state" : facts.who[`${kind}.${ev.detail[n]}`];
}

function changeText(n) {
  return `block ${address(ev.block[n])} ${stateText(ev.before[n])} → ${stateText(ev.after[n])}`;
}

function eventText(n) {
  return ofBlock(n) ? `${changeText(n)}, ${whoText(n)}` : whoText(n);
}

// --- search -------------------------------------------------------------------------------------------------------

// Return the events that a query asks for; {count} for an instruction number, {fault} for a fault; {error} in words.
function search(query) {
  const text = query.trim();
  let found;
  if ((found = /^fault\s*#?(\d+)$/i.exec(text)))
    return found[1] > 0 && found[1] <= facts.stories.length ? { fault: found[1] - 1 } :
      { error: `there are ${number(facts.stories.length)} faults` };
  if (/^[\d,_]+$/.test(text)) {
    const count = Number(text.replace(/[,_]/g, ""));
    return count >= facts.first && count <= facts.last ? { count } :
      { error: `instructions ${number(facts.first)} to ${number(facts.last)}` };
  }
  if ((found = /^(?:block\s+)?(0x[0-9a-f]+|(?<=block\s+)\d+)$/i.exec(text))) {
    const value = Number(found[1]), only = /^block/i.test(text);
    const block = found[1].startsWith("0x") || found[1].startsWith("0X") ? Math.floor(value / BLOCK) : value;
    const place = facts.places.findIndex((each) => parseInt(each[0], 16) === value);
    return filtered((n) => ev.block[n] === block || (!only && place >= 0 && ev.place[n] === place));
  }
  const tests = text.split(/\s+(?!\d)/).filter(Boolean).map(wordTest);
  return tests.length ? filtered((n) => tests.every((test) => test(n))) : { error: "" };
}

// Whether an event has a word: looked up in tables that are short, once for each of their entries.
function wordTest(word) {
  const low = word.toLowerCase().replace("→", "->");
  const states = /^(?:([suvp][rpz])->)?([suvp][rpz])$/.exec(low);
  if (states) return (n) => changes(n) && stateText(ev.after[n]).slice(0, 2).toLowerCase() === states[2] &&
    (!states[1] || stateText(ev.before[n]).slice(0, 2).toLowerCase() === states[1]);
  if (low === "fault" || low === "faults") return isFault;
  if (low === "interruption") return (n) => ev.kind[n] === INTERRUPTION;
  if (low === "essa" || low === "guest") return (n) => ev.kind[n] === ESSA;
  if (low === "host") return (n) => ev.kind[n] === HOST;
  const places = facts.places.map((place) => place[1].toLowerCase().split("+")[0] === low ||
    (low.length > 2 && (place[1].toLowerCase().includes(low) || place[3].toLowerCase().startsWith(low))));
  const known = new Map();
  return (n) => {
    if (places[ev.place[n]]) return true;
    const key = ev.kind[n] << 24 | (ev.kind[n] === INTERRUPTION ? ev.before[n] << 16 : 0) | ev.detail[n];
    if (!known.has(key)) known.set(key, whoText(n).toLowerCase().includes(low));
    return known.get(key);
  };
}

function filtered(test) {
  const found = [];
  for (let n = 0; n < events; n++) if (test(n)) found.push(n);
  return { found };
}
