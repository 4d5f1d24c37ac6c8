// The page's own words: the same rules as language.py, so that a reader can switch languages.

const about = JSON.parse(document.getElementById("about").textContent);
let language = about.language;

function number(text) {
  const found = /^(-?)(\d+)(\.\d+)?(e[+-]?\d+)?$/.exec(String(text));
  if (!found) return harmless(String(text));
  const [comma, group] = language === "de" ? [",", "."] : [".", ","];
  let whole = found[2];
  if (whole.length > 3) whole = whole.replace(/\B(?=(\d{3})+$)/g, group);
  return (
    (found[1] ? "−" : "") + whole + (found[3] || "").replace(".", comma) + (found[4] || "")
  );
}

function message(key, values) {
  const chosen = values && values.n === 1 && about.messages[key + ".one"] ? key + ".one" : key;
  const found = about.messages[chosen];
  return found ? found[language] : harmless(key);
}

function plain(value) {
  if (typeof value === "number") return number(value);
  if (typeof value === "string") return harmless(value);
  return value.t ? say(value.t) : number(value.d);
}

// Return a message as plain text.
function say(key, values) {
  return message(key, values).replace(/\{(\w+)\}/g, (_, name) => plain(values[name]));
}

// Return the word for a name that records use, or the name.
function known(group, name) {
  const key = group + "." + name;
  return about.messages[key] ? say(key) : harmless(String(name).replace(/_/g, " "));
}

function pieces(key, values) {
  return message(key, values)
    .split(/\{(\w+)\}/)
    .map((part, at) => {
      if (at % 2 === 0) return part;
      const value = values[part];
      return typeof value === "string" ? element("bdi", {}, ...textNodes(value)) : plain(value);
    });
}

// Return a message as an element that follows the language.
function said(key, values, name) {
  const made = element(name || "span", { "data-t": key });
  if (values) made.setAttribute("data-v", JSON.stringify(values));
  made.append(...pieces(key, values));
  return made;
}

function figure(text) {
  return element("span", { "data-n": text }, number(text));
}

// Write every message and number below `root` in the reader's language.
function speak(root) {
  for (const each of root.querySelectorAll("[data-t]")) {
    each.replaceChildren(...pieces(each.dataset.t, values(each)));
  }
  for (const each of root.querySelectorAll("[data-l]")) {
    each.setAttribute("aria-label", say(each.dataset.l, values(each)));
  }
  for (const each of root.querySelectorAll("[data-n]")) {
    each.textContent = number(each.getAttribute("data-n"));
  }
}

function values(each) {
  return each.dataset.v ? JSON.parse(each.dataset.v) : undefined;
}
