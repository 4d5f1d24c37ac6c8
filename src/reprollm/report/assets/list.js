// The list: a table of one page of the rows that were found, and the way between pages.

const PAGE = 50;
let shownRows = [];
let pageNumber = 0;

function showList(rows, page) {
  shownRows = rows;
  pageNumber = Math.max(0, Math.min(page, Math.ceil(rows.length / PAGE) - 1));
  const list = document.getElementById("list");
  if (!rows.length) {
    list.replaceChildren(said("count.none", undefined, "p"));
    return;
  }
  const first = pageNumber * PAGE;
  const part = rows.slice(first, first + PAGE);
  const numbers = { first: first + 1, last: first + part.length, n: rows.length };
  const table = element("table", { class: "list" });
  table.append(
    element("caption", {}, said("list.caption", numbers)),
    element("thead", {}, headings()),
    element("tbody", {}, ...part.map(line))
  );
  list.replaceChildren(
    element("div", { class: "scroll" }, table),
    rows.length > PAGE ? pager(rows.length) : ""
  );
}

function headings() {
  const heads = ["item", "arm", "status"].map((name) => heading("col." + name));
  about.scores.forEach((name) => {
    const key = "score." + name;
    const head = element("th", { scope: "col", class: "number" });
    head.append(about.messages[key] ? said(key) : known("score", name));
    heads.push(head);
  });
  return element("tr", {}, ...heads, heading("col.output"), heading("col.reference"));
}

function heading(key) {
  return element("th", { scope: "col" }, said(key));
}

function line(row) {
  const texts = textsOf(row);
  const link = element("a", { href: addressOf(row), dir: "auto" }, excerpt(columns.item[row], 40) || "–");
  link.dataset.row = row;
  const cells = [
    element("th", { scope: "row" }, link),
    element("td", { class: "arm", dir: "auto" }, harmless(armOf(row))),
    element("td", {}, ...badges(row)),
    ...about.scores.map((_, at) => scoreCell(row, at)),
    cell(texts.output, "output"),
    cell(texts.reference, "reference"),
  ];
  return element("tr", {}, ...cells);
}

function scoreCell(row, at) {
  const value = columns["score" + at][row];
  const made = element("td", { class: "number" });
  if (value !== null) made.append(figure(String(value)));
  return made;
}

function cell(text, name) {
  if (text === WITHHELD) return element("td", { class: "withheld" }, said("status.withheld"));
  return element("td", { class: "text " + name, dir: "auto" }, text === null ? "" : excerpt(text, 70));
}

function badges(row) {
  const status = about.statuses[columns.status[row]];
  const found = [element("span", { class: "badge " + status }, said("status." + status))];
  if (columns.runaway[row]) {
    found.push(" ", element("span", { class: "badge runaway" }, said("status.runaway")));
  }
  if (columns.right[row] >= 0) {
    const right = columns.right[row];
    found.push(" ", element("span", { class: "badge right" + right }, said("right." + right)));
  }
  if (columns.again[row]) {
    const again = columns.again[row];
    found.push(" ", element("span", { class: "badge again" + again }, said("again." + again)));
  }
  return found;
}

function pager(total) {
  const last = Math.ceil(total / PAGE) - 1;
  const button = (key, page) => {
    const made = element("button", { type: "button" }, said(key));
    if (page === pageNumber || page < 0 || page > last) made.disabled = true;
    made.addEventListener("click", () => {
      showList(shownRows, page);
      const caption = document.querySelector("#list caption");
      caption.setAttribute("tabindex", "-1");
      caption.focus();
    });
    return made;
  };
  return element(
    "nav",
    { class: "pager", "data-l": "page.label", "aria-label": say("page.label") },
    button("page.first", 0),
    button("page.previous", pageNumber - 1),
    button("page.next", pageNumber + 1),
    button("page.last", last)
  );
}
