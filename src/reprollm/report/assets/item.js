// One item: its texts, the difference, scores, checks, and its record in the ledger with the way to
// a proof. An item's address is a fragment that stays the same whenever the report is made again.

let opened = null;
let from = null;

function addressOf(row) {
  const parts = new URLSearchParams();
  parts.set("item", columns.item[row]);
  const model = about.runs[columns.run[row]].model;
  if (model) parts.set("model", model);
  parts.set("cell", meaning("cell", row));
  parts.set("seed", meaning("seed", row));
  parts.set("repetition", columns.repetition[row]);
  return "#" + parts.toString();
}

// Return the row that a fragment names: what it leaves out may be anything; -1 for none.
function rowAt(fragment) {
  const parts = new URLSearchParams(fragment.replace(/^#/, ""));
  for (let row = 0; row < about.count; row += 1) {
    if (columns.item[row] !== parts.get("item")) continue;
    const said = {
      model: about.runs[columns.run[row]].model,
      cell: meaning("cell", row),
      seed: meaning("seed", row),
      repetition: String(columns.repetition[row]),
    };
    const agrees = ([name, value]) => !parts.has(name) || parts.get(name) === value;
    if (Object.entries(said).every(agrees)) return row;
  }
  return -1;
}

function showItem(row) {
  opened = row;
  const article = document.getElementById("item");
  const texts = textsOf(row);
  article.replaceChildren(
    itemHead(row),
    element("p", { class: "badges" }, ...badges(row)),
    ...difference_of(texts),
    textList(texts),
    facts(row),
    ...checks(row),
    record(row, texts)
  );
  article.hidden = false;
  document.getElementById("item-title").focus();
  article.scrollIntoView({ block: "start" });
}

function closeItem() {
  const article = document.getElementById("item");
  if (article.hidden) return;
  article.hidden = true;
  article.replaceChildren();
  history.replaceState(null, "", "#items");
  const link = document.querySelector('#list a[data-row="' + opened + '"]');
  opened = null;
  (link || document.getElementById("f-text")).focus();
}

function itemHead(row) {
  const title = said("item.title", { item: columns.item[row] }, "h3");
  title.id = "item-title";
  title.tabIndex = -1;
  const place = shownRows.indexOf(row);
  const button = (key, action, disabled) => {
    const made = element("button", { type: "button" }, said(key));
    made.disabled = Boolean(disabled);
    made.addEventListener("click", action);
    return made;
  };
  const go = (step) => () => {
    location.hash = addressOf(shownRows[place + step]);
  };
  return element(
    "header",
    {},
    title,
    element(
      "p",
      { class: "actions" },
      button("item.close", closeItem),
      button("item.previous", go(-1), place < 1),
      button("item.next", go(1), place < 0 || place === shownRows.length - 1)
    )
  );
}

function textList(texts) {
  const list = element("dl", { class: "texts" });
  for (const name of ["output", "reference", "source", "prompt", "message"]) {
    const text = texts[name];
    if (text === null && name === "message") continue;
    list.append(element("div", {}, said("text." + name, undefined, "dt"), textPlace(text)));
  }
  return list;
}

function textPlace(text) {
  if (text === WITHHELD) return element("dd", { class: "withheld" }, said("withheld"));
  if (text === null) return element("dd", { class: "dim" }, said("text.none"));
  if (text === "") return element("dd", { class: "dim" }, said("text.empty"));
  return element("dd", {}, element("pre", { dir: "auto", lang: "und" }, ...textNodes(text)));
}

function difference_of(texts) {
  if (typeof texts.output !== "string" || typeof texts.reference !== "string") return [];
  const title = said("diff", undefined, "h4");
  if (texts.output === texts.reference) return [title, said("diff.same", undefined, "p")];
  const script = difference(characters(texts.reference), characters(texts.output));
  if (script === null) return [title, said("diff.far", undefined, "p")];
  const place = element("pre", { class: "diff", dir: "auto", lang: "und" });
  let [removed, added] = [0, 0];
  for (const [kind, what] of script) {
    if (kind === "=") place.append(...textNodes(what.join("")));
    else place.append(change(kind, what));
    if (kind === "-") removed += what.length;
    if (kind === "+") added += what.length;
  }
  const found = [
    title,
    said("diff.about", undefined, "p"),
    place,
    said("diff.counts", { removed: removed, added: added }, "p"),
  ];
  const pairs = lookalikes(script);
  if (pairs.length) found.push(said("diff.alike", { pairs: pairs.join("; ") }, "p"));
  return found;
}

function change(kind, what) {
  const key = kind === "-" ? "diff.removed" : "diff.added";
  const start = element("span", { class: "unseen" }, " ", said(key), " ");
  const end = element("span", { class: "unseen" }, " ", said("diff.end"), " ");
  const inner = element("bdi", {}, ...textNodes(what.join("").replace(/\n/g, "⏎\n")));
  return element(kind === "-" ? "del" : "ins", { title: codePoints(what.slice(0, 12).join("")) }, start, inner, end);
}

function facts(row) {
  const list = element("dl", { class: "facts" });
  const add = (key, value) => {
    if (value !== null && value !== undefined && value !== "") {
      list.append(element("div", {}, said(key, undefined, "dt"), element("dd", {}, value)));
    }
  };
  add("col.arm", element("bdi", {}, ...textNodes(armOf(row))));
  for (const name of ["stratum", "split", "document", "seed"]) {
    const value = meaning(name, row);
    if (value !== null) add("filter." + name, element("bdi", {}, ...textNodes(value)));
  }
  about.scores.forEach((name, at) => {
    const value = columns["score" + at][row];
    const label = about.messages["score." + name] ? said("score." + name, undefined, "dt") : element("dt", {}, known("score", name));
    const shown = value === null || value === undefined ? said("undefined") : figure(String(value));
    list.append(element("div", {}, label, element("dd", {}, shown)));
  });
  return element("section", { class: "about-item" }, said("item.facts", undefined, "h4"), list);
}

function checks(row) {
  const verdicts = about.verdicts[columns.verdict[row]];
  if (!verdicts.length) return [];
  const list = element("ul", {});
  for (const [method, verdict] of verdicts) {
    list.append(element("li", {}, known("check", method) + ": ", element("bdi", { lang: "en" }, ...textNodes(verdict))));
  }
  return [element("section", {}, said("item.checks", undefined, "h4"), list)];
}

function record(row, texts) {
  const list = element("dl", { class: "facts" });
  const add = (key, value) =>
    list.append(element("div", {}, said(key, undefined, "dt"), element("dd", {}, element("code", {}, value))));
  add("item.request", texts.request);
  add("item.asked", String(texts.asked));
  if (texts.position >= 0) {
    add("item.position", String(texts.position));
    add("item.leaf", texts.leaf);
  }
  const link = element("a", { href: addressOf(row) }, said("item.link"));
  const position = texts.position >= 0 ? texts.position : texts.asked;
  const file = "record-" + position;
  return element(
    "section",
    { class: "record" },
    said("item.record", undefined, "h4"),
    list,
    said("item.proof", undefined, "p"),
    command("reprollm proof make ledger/" + about.experiment + " " + position + " -o " + file + ".tlog-proof --record-to " + file + ".json"),
    said("item.proof.check", undefined, "p"),
    command("reprollm proof check " + file + ".tlog-proof --record " + file + ".json --key AUTHOR.vkey"),
    element("p", {}, link)
  );
}

function command(text) {
  return element("pre", { class: "command", tabindex: "0", lang: "en" }, element("code", {}, harmless(text)));
}
