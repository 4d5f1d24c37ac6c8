// The items as they lie in the page: columns of all rows, and blocks of texts that are read when
// they are needed. Everything here works in slices of time, so that the page never stands still.

const SLICE = 16;
const NONE = -1;
const WITHHELD = -2;
const CODED = ["stratum", "split", "document", "cell", "seed"];
const HELD_BLOCKS = 400;

const columns = {};
const blocks = [];
const held = new Map();

// Let the browser do its own work.
function breath() {
  return new Promise((done) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = done;
    channel.port2.postMessage(0);
  });
}

class Slice {
  constructor() {
    this.began = performance.now();
  }
  get over() {
    return performance.now() - this.began > SLICE;
  }
  async pause() {
    await breath();
    this.began = performance.now();
  }
}

async function readColumns() {
  const slice = new Slice();
  for (const script of document.querySelectorAll("script.columns")) {
    const piece = JSON.parse(script.textContent);
    for (const [name, values] of Object.entries(piece)) {
      if (name === "first") continue;
      if (!columns[name]) columns[name] = [];
      const column = columns[name];
      for (const value of values) column.push(value);
    }
    if (slice.over) await slice.pause();
  }
  const rows = [];
  for (const script of document.querySelectorAll("script.texts")) rows.push(script);
  let first = 0;
  for (const script of rows) {
    const start = Number(/"first":(\d+)/.exec(script.firstChild.data.slice(0, 40))[1]);
    blocks.push({ first: start, script: script });
    first = start;
  }
}

function blockOf(row) {
  let low = 0;
  let high = blocks.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (blocks[middle].first <= row) low = middle;
    else high = middle - 1;
  }
  return low;
}

// Return a block's content; the oldest is let go where many are held.
function block(at) {
  let found = held.get(at);
  if (!found) {
    found = JSON.parse(blocks[at].script.textContent);
    if (held.size >= HELD_BLOCKS) held.delete(held.keys().next().value);
    held.set(at, found);
  }
  return found;
}

// Return all that is known of a row's texts and place; texts are null where there is none, and
// `WITHHELD` where they are not opened.
function textsOf(row) {
  const of = block(blockOf(row));
  const [frame, prompt, source, reference, output, asked, request, position, leaf, why] =
    of.rows[row - of.first];
  const text = (code) => (code >= 0 ? of.texts[code] : code === WITHHELD ? WITHHELD : null);
  let whole = text(prompt);
  if (frame >= 0) whole = about.frames[frame][0] + of.texts[source] + about.frames[frame][1];
  return {
    prompt: whole,
    source: text(source),
    reference: text(reference),
    output: text(output),
    asked: asked,
    request: request,
    position: position,
    leaf: leaf,
    message: why || null,
  };
}

// Return the value behind a row's code.
function meaning(name, row) {
  return about[name + "s"][columns[name][row]];
}

function armOf(row) {
  const model = about.runs[columns.run[row]].model;
  return (model ? model + " · " : "") + meaning("cell", row);
}
