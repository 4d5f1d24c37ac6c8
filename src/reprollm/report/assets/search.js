// Which rows are wanted: filters over the columns, then the words over the texts, block by block, and
// their order. All of it goes in slices of time; where `current()` says that there is a newer
// question, an older one ends with null.

const STEP = 64;
const RUN = 2048;
let narrowed = null;

// Letter case, the way letters are composed, and line breaks make no difference.
function folded(text) {
  return text.normalize("NFC").toLowerCase().replace(/\s+/g, " ");
}

// Return the numbers of the rows that pass the filters.
async function filtered(filters, current) {
  const slice = new Slice();
  const tests = Object.entries(filters).filter(([, value]) => value !== "");
  const found = [];
  for (let row = 0; row < about.count; row += 1) {
    let passes = true;
    for (const [name, value] of tests) {
      if (!matches(name, value, row)) {
        passes = false;
        break;
      }
    }
    if (passes) found.push(row);
    if (row % RUN === 0 && slice.over) {
      await slice.pause();
      if (!current()) return null;
    }
  }
  return found;
}

function matches(name, value, row) {
  if (name === "status" && value === "runaway") return columns.runaway[row] === 1;
  if (name === "verdict") {
    return about.verdicts[columns.verdict[row]].some((pair) => pair.join(": ") === value);
  }
  return columns[name][row] === Number(value);
}

// Return the rows of which a question with more letters than the last one must be asked: those that
// held the last one's words under the same filters. A position is a whole number and no beginning.
function candidates(rows, filters, needle) {
  const last = narrowed;
  const more = last && last.filters === filters && needle.includes(last.needle);
  return more && !/^\d+$/.test(needle) ? last.rows : rows;
}

// Search the texts of the rows that pass the filters; calls `on(rows so far, part done)` now and
// then. Returns the rows that hold the words.
async function search(passed, filters, words, on, current) {
  const needle = folded(words.trim());
  if (!needle) return passed;
  const rows = candidates(passed, filters, needle);
  const found = [];
  const slice = new Slice();
  let known = null;
  let of = null;
  let hits = null;
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at];
    const place = blockOf(row);
    if ((place !== known || at % STEP === 0) && slice.over) {
      on(found, at / rows.length);
      await slice.pause();
      if (!current()) return null;
    }
    if (place !== known) {
      known = place;
      of = block(place);
      hits = [];
    }
    if (holds(of, hits, row, needle)) found.push(row);
  }
  narrowed = { filters: filters, needle: needle, rows: found };
  return found;
}

function holds(of, hits, row, needle) {
  const [frame, prompt, source, reference, output, , request, position, leaf] =
    of.rows[row - of.first];
  // Many rows share a text, which is looked at once.
  const hit = (code) => {
    if (code < 0) return false;
    if (hits[code] === undefined) hits[code] = folded(of.texts[code]).includes(needle);
    return hits[code];
  };
  if (hit(source) || hit(reference) || hit(output) || hit(prompt)) return true;
  if (folded(columns.item[row]).includes(needle)) return true;
  if (request.startsWith(needle) || (leaf && leaf.startsWith(needle))) return true;
  if (needle === String(position)) return true;
  return frame >= 0 && inPrompt(of, frame, source, needle);
}

const framed = new Map();

// Return whether a prompt holds the words that neither its source holds: in the frame, or across.
function inPrompt(of, frame, source, needle) {
  let ends = framed.get(frame);
  if (!ends || ends.needle !== needle) {
    const [before, after] = about.frames[frame].map(folded);
    ends = {
      needle: needle,
      always: before.includes(needle) || after.includes(needle),
      before: before.slice(1 - needle.length || before.length),
      after: after.slice(0, needle.length - 1),
    };
    framed.set(frame, ends);
  }
  if (ends.always) return true;
  if (!ends.before && !ends.after) return false;
  return (ends.before + folded(of.texts[source]) + ends.after).includes(needle);
}

// Return rows in the order that was asked for; rows without a value come last.
async function ordered(rows, order, current) {
  if (!order) return rows;
  const column = columns["score" + Number(order.slice(1))];
  const sign = order[0] === "+" ? 1 : -1;
  return sorted(rows, current, (one, other) => {
    const [a, b] = [column[one], column[other]];
    if (a === null || b === null) return (a === null) - (b === null) || one - other;
    return sign * (a - b) || one - other;
  });
}

// Sort short runs, and merge them two by two.
async function sorted(rows, current, compare) {
  const slice = new Slice();
  let runs = [];
  for (let at = 0; at < rows.length; at += RUN) {
    runs.push(rows.slice(at, at + RUN).sort(compare));
    if (slice.over) await slice.pause();
  }
  while (runs.length > 1) {
    const longer = [];
    for (let at = 0; at < runs.length; at += 2) {
      longer.push(at + 1 < runs.length ? await merged(runs[at], runs[at + 1], compare, slice) : runs[at]);
      if (!current()) return null;
    }
    runs = longer;
  }
  return runs[0] || [];
}

async function merged(one, other, compare, slice) {
  const found = [];
  let [left, right] = [0, 0];
  while (left < one.length || right < other.length) {
    const first = right >= other.length || (left < one.length && compare(one[left], other[right]) <= 0);
    found.push(first ? one[left++] : other[right++]);
    if (found.length % RUN === 0 && slice.over) await slice.pause();
  }
  return found;
}
