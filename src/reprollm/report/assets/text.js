// Texts from outside are shown as text whatever they contain. Only text nodes are made of them;
// characters that act instead of showing are written out, set apart from the same letters typed.

const ACTING = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu;

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function written(character) {
  const code = character.codePointAt(0);
  if (code < 0x100) return "\\x" + code.toString(16).padStart(2, "0");
  if (code < 0x10000) return "\\u" + code.toString(16).padStart(4, "0");
  return "\\U" + code.toString(16).padStart(8, "0");
}

// Return the text with what acts written out; for attributes and excerpts.
function harmless(text) {
  return text.replace(ACTING, (found) => (found === "\n" || found === "\t" ? found : written(found)));
}

// Return nodes for a text: text nodes, and an element for each character that acts.
function textNodes(text) {
  const nodes = [];
  let from = 0;
  for (const found of text.matchAll(ACTING)) {
    if (found[0] === "\n" || found[0] === "\t") continue;
    if (found.index > from) nodes.push(text.slice(from, found.index));
    nodes.push(element("span", { class: "acting" }, written(found[0])));
    from = found.index + found[0].length;
  }
  if (from < text.length) nodes.push(text.slice(from));
  return nodes;
}

// Return a short harmless excerpt in one line.
function excerpt(text, most) {
  const line = harmless(text.slice(0, most * 2).replace(/\s+/gu, " ").trim());
  const letters = Array.from(line);
  return letters.length > most || text.length > most * 2
    ? letters.slice(0, most - 1).join("") + "…"
    : line;
}
