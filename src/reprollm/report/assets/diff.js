// The difference of two texts by what a reader sees as characters: a letter with its combining
// marks is one, an emoji of several code points too (UAX 29). Nothing is normalised: characters
// that look alike and are made of other code points differ, and are named.

const MOST_EDITS = 1200;

function characters(text) {
  if (window.Intl && Intl.Segmenter) {
    const cut = new Intl.Segmenter("und", { granularity: "grapheme" });
    return Array.from(cut.segment(text), (each) => each.segment);
  }
  return text.match(/\P{M}\p{M}*|\p{M}+/gsu) || [];
}

// Return [kind, first, second] runs: kind "=", "-" (only in the first) or "+" (only in the second).
// Myers' greedy algorithm (Algorithmica 1, 1986); null where the texts lie too far apart.
function difference(first, second) {
  let from = 0;
  let a = first.length;
  let b = second.length;
  while (from < a && from < b && first[from] === second[from]) from += 1;
  while (a > from && b > from && first[a - 1] === second[b - 1]) {
    a -= 1;
    b -= 1;
  }
  const middle = edits(first.slice(from, a), second.slice(from, b));
  if (middle === null) return null;
  const script = [];
  add(script, "=", first.slice(0, from));
  for (const [kind, what] of middle) add(script, kind, what);
  add(script, "=", first.slice(a));
  return gathered(script);
}

function add(script, kind, what) {
  if (!what.length) return;
  const last = script[script.length - 1];
  if (last && last[0] === kind) last[1].push(...what);
  else script.push([kind, Array.from(what)]);
}

// Put what is removed before what is added wherever both stand side by side.
function gathered(script) {
  const found = [];
  let removed = [];
  let added = [];
  const flush = () => {
    if (removed.length) found.push(["-", removed]);
    if (added.length) found.push(["+", added]);
    removed = [];
    added = [];
  };
  for (const [kind, what] of script) {
    if (kind === "-") removed = removed.concat(what);
    else if (kind === "+") added = added.concat(what);
    else {
      flush();
      found.push([kind, what]);
    }
  }
  flush();
  return found;
}

function edits(first, second) {
  const n = first.length;
  const m = second.length;
  if (!n || !m) return [["-", first], ["+", second]];
  const most = Math.min(n + m, MOST_EDITS);
  const furthest = new Int32Array(2 * most + 3);
  const trace = [];
  const at = (k) => k + most + 1;
  for (let d = 0; d <= most; d += 1) {
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && furthest[at(k - 1)] < furthest[at(k + 1)]);
      let x = down ? furthest[at(k + 1)] : furthest[at(k - 1)] + 1;
      while (x < n && x - k < m && first[x] === second[x - k]) x += 1;
      furthest[at(k)] = x;
      if (x >= n && x - k >= m) return walked(first, second, trace, d, k);
    }
    trace.push(furthest.slice(at(-d), at(d) + 1));
  }
  return null;
}

function walked(first, second, trace, steps, diagonal) {
  const back = [];
  let x = first.length;
  let k = diagonal;
  for (let d = steps; d > 0; d -= 1) {
    const row = trace[d - 1];
    const was = (each) => {
      const place = each + d - 1;
      return place >= 0 && place < row.length ? row[place] : -1;
    };
    const down = k === -d || (k !== d && was(k - 1) < was(k + 1));
    const before = down ? k + 1 : k - 1;
    const start = was(before);
    const after = down ? start : start + 1;
    if (x > after) back.push(["=", first.slice(after, x)]);
    if (down) back.push(["+", [second[start - before]]]);
    else back.push(["-", [first[start]]]);
    x = start;
    k = before;
  }
  if (x > 0) back.push(["=", first.slice(0, x)]);
  return back.reverse();
}

function codePoints(character) {
  return Array.from(character, (each) =>
    "U+" + each.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")
  ).join(" ");
}

// Return pairs of characters that stand in each other's place and look alike.
function lookalikes(script) {
  const pairs = new Map();
  for (let at = 0; at + 1 < script.length; at += 1) {
    const [removed, added] = [script[at], script[at + 1]];
    if (removed[0] !== "-" || added[0] !== "+") continue;
    for (let each = 0; each < Math.min(removed[1].length, added[1].length); each += 1) {
      const [one, other] = [removed[1][each], added[1][each]];
      if (one !== other && one.normalize("NFKC") === other.normalize("NFKC")) {
        pairs.set(one + "\u0000" + other, codePoints(one) + " – " + codePoints(other));
      }
    }
  }
  return Array.from(pairs.values()).slice(0, 8);
}
