// Ties it together: the form, the address, the language.

const MOST_CHOICES = 500;
const form = document.getElementById("filter");
const counted = document.getElementById("count");
let waiting = 0;
let asked = 0;

function choice(name, options) {
  const select = element("select", { id: "f-" + name, name: name });
  select.append(element("option", { value: "" }, said("filter.any")));
  select.append(...options);
  return element("div", {}, element("label", { for: "f-" + name }, said("filter." + name)), select);
}

function coded(name) {
  const values = about[name + "s"];
  const known = values.filter((value) => value !== null);
  if (known.length < 2 && values.length < 2) return null;
  if (values.length > MOST_CHOICES) return null;
  const options = values.map((value, code) =>
    element("option", { value: code }, value === null ? "–" : excerpt(value, 60))
  );
  return choice(name, options);
}

function present(name, codes, key) {
  const found = new Set(columns[name]);
  const options = codes
    .filter((code) => found.has(code))
    .map((code) => element("option", { value: code }, said(key(code))));
  return options.length < 2 ? null : choice(name, options);
}

function statuses() {
  const found = present("status", about.statuses.map((_, code) => code), (code) => "status." + about.statuses[code]);
  const runaway = columns.runaway.includes(1);
  if (!runaway) return found;
  const made = found || choice("status", []);
  made.querySelector("select").append(element("option", { value: "runaway" }, said("status.runaway")));
  return made;
}

function models() {
  if (about.runs.length < 2) return null;
  const options = about.runs.map((each, code) => element("option", { value: code }, excerpt(String(each.model), 60)));
  return choice("run", options);
}

function verdicts() {
  const pairs = new Set(about.verdicts.flatMap((each) => each.map((pair) => pair.join(": "))));
  if (pairs.size < 2 || pairs.size > MOST_CHOICES) return null;
  const options = Array.from(pairs, (pair) => element("option", { value: pair, lang: "en" }, excerpt(pair.replace(/_/g, " "), 60)));
  return choice("verdict", options);
}

function orders() {
  if (!about.scores.length) return null;
  const select = element("select", { id: "f-order", name: "order" });
  select.append(element("option", { value: "" }, said("order.plan")));
  about.scores.forEach((name, at) => {
    const word = about.messages["score." + name] ? { t: "score." + name } : name;
    select.append(
      element("option", { value: "+" + at }, said("order.low", { score: word })),
      element("option", { value: "-" + at }, said("order.high", { score: word }))
    );
  });
  return element("div", {}, element("label", { for: "f-order" }, said("filter.order")), select);
}

function makeForm() {
  const made = [
    models(),
    coded("cell"),
    coded("stratum"),
    coded("split"),
    coded("document"),
    coded("seed"),
    statuses(),
    present("right", [1, 0, -1], (code) => "right." + code),
    present("again", [0, 1, 2], (code) => "again." + code),
    verdicts(),
    orders(),
  ];
  form.querySelector(".filters").append(...made.filter(Boolean));
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", (event) => {
    if (event.target.tagName === "SELECT") ask();
  });
  form.querySelector("#f-text").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, 150);
  });
  form.addEventListener("reset", () => setTimeout(ask, 0));
}

async function ask() {
  clearTimeout(waiting);
  const filters = {};
  for (const select of form.querySelectorAll(".filters select")) filters[select.name] = select.value;
  const order = filters.order || "";
  delete filters.order;
  const words = form.querySelector("#f-text").value;
  const mine = (asked += 1);
  const current = () => mine === asked;
  const searching = (some, part) => {
    tell("count.searching", { done: Math.floor(part * 100), n: some.length });
  };
  const passed = await filtered(filters, current);
  const found = passed && (await search(passed, JSON.stringify(filters), words, searching, current));
  const shown = found && (await ordered(found, order, current));
  if (!shown || !current()) return;
  await breath();
  showList(shown, 0);
  tell("count", { n: shown.length, all: about.count });
  document.documentElement.dataset.answered = String(Number(document.documentElement.dataset.answered || 0) + 1);
}

function tell(key, values) {
  counted.replaceChildren(said(key, values));
}

function follow() {
  if (!location.hash.startsWith("#item=")) return;
  const row = rowAt(location.hash);
  if (row >= 0) showItem(row);
  else tell("item.unknown");
}

// Change the language part by part, each laid out before the next, so that no task is long.
async function speakAll(chosen) {
  language = chosen;
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === chosen));
  }
  for (const part of document.querySelectorAll("body > :not(main, script), main > section")) {
    part.lang = chosen;
    speak(part);
    part.getBoundingClientRect();
    await breath();
    if (language !== chosen) return;
  }
  document.documentElement.lang = chosen;
}

async function start() {
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => speakAll(button.dataset.language));
    button.setAttribute("aria-pressed", String(button.dataset.language === language));
  }
  document.querySelector(".languages").hidden = false;
  counted.hidden = false;
  tell("items.loading", { n: about.count });
  await readColumns();
  document.getElementById("first").hidden = true;
  document.getElementById("list").hidden = false;
  await breath();
  makeForm();
  await breath();
  await ask();
  window.addEventListener("hashchange", follow);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !document.getElementById("item").hidden) closeItem();
  });
  follow();
}

start();
