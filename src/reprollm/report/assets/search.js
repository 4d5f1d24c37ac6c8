// Which rows are wanted: filters over the columns at once, then the words over the texts, block by
// block. A newer question ends an older one.

let asked = 0;

// Letter case, the way letters are composed, and line breaks make no difference.
function folded(text) {
  return text.normalize("NFC").toLowerCase().replace(/\s+/g, " ");
}

// Return the numbers of the rows that pass the filters.
function filtered(filters) {
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

// Search the texts of some rows; calls `on(rows so far, part done)` now and then.
// Returns the rows that hold the words, or null where a newer search began.
async function search(rows, words, on) {
  const mine = (asked += 1);
  const needle = folded(words.trim());
  if (!needle) return rows;
  const found = [];
  const slice = new Slice();
  let known = null;
  let of = null;
  let hits = null;
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at];
    const place = blockOf(row);
    if (place !== known) {
      if (slice.over) {
        on(found, at / rows.length);
        await slice.pause();
        if (mine !== asked) return null;
      }
      known = place;
      of = block(place);
      hits = of.texts.map((text) => folded(text).includes(needle));
    }
    if (holds(of, hits, row, needle)) found.push(row);
  }
  return mine === asked ? found : null;
}

function holds(of, hits, row, needle) {
  const [frame, prompt, source, reference, output, , request, position, leaf] =
    of.rows[row - of.first];
  if (hits[source] || hits[reference] || hits[output] || hits[prompt]) return true;
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
function ordered(rows, order) {
  if (!order) return rows;
  const [direction, number] = [order[0], Number(order.slice(1))];
  const column = columns["score" + number];
  const sign = direction === "+" ? 1 : -1;
  return rows.slice().sort((one, other) => {
    const [a, b] = [column[one], column[other]];
    if (a === null || b === null) return (a === null) - (b === null) || one - other;
    return sign * (a - b) || one - other;
  });
}
