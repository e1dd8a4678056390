"use strict";

// With this class the style sheet shows one view at a time. Without scripts all views are visible.
document.documentElement.classList.add("js");
document.addEventListener("DOMContentLoaded", () => {
  setUpViews();
  setUpVerdictTable();
});

// The URL fragment selects the view: #overview, or the id of a section or of an element inside it.
function setUpViews() {
  const overview = document.getElementById("overview");
  const name = document.title;
  let current = null;
  let scrolled = 0; // scroll position of the overview
  history.scrollRestoration = "manual";
  overview.addEventListener("click", () => { scrolled = window.scrollY; });

  function open(moveFocus) {
    const target = document.getElementById(location.hash.slice(1)) ?? overview;
    const view = target.closest(".view") ?? overview;
    const isReturn = view !== current && target === overview;
    current?.classList.remove("current");
    view.classList.add("current");
    current = view;
    const heading = target.querySelector("[tabindex='-1']") ?? view.querySelector("[tabindex='-1']");
    document.title = view === overview ? name : `${heading.closest(".view").querySelector("h2").textContent} · ${name}`;
    if (moveFocus) heading.focus({ preventScroll: true });
    if (target === view) window.scrollTo(0, isReturn && moveFocus ? scrolled : 0);
    else target.scrollIntoView();
  }

  window.addEventListener("hashchange", () => open(true));
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    current.querySelector("h2").focus();
  });
  open(false);
}

// The table shows this many rows; the button adds as many again.
const ROWS_AT_ONCE = 350;

function setUpVerdictTable() {
  const form = document.getElementById("filters");
  const table = document.getElementById("verdict-table");
  const more = document.getElementById("more");
  const [text, model, claim] = ["text", "model", "claim"].map((name) => document.getElementById(`filter-${name}`));
  const boxes = [...form.querySelectorAll("[name=status]")];
  const severity = new Map(boxes.map((box, rank) => [box.value, rank]));
  const entries = Array.from(table.tBodies[0].rows, (row, order) => ({
    row, order, text: row.textContent.toLowerCase(), data: { ...row.dataset },
  }));
  let inOrder = entries;
  let most = ROWS_AT_ONCE;

  function apply() {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const statuses = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    const matching = inOrder.filter(({ text: content, data }) => (!statuses.size || statuses.has(data.status))
      && (!model.value || data.section === model.value)
      && (!claim.value || data.claim === claim.value)
      && words.every((word) => content.includes(word)));
    const shown = matching.slice(0, most);
    table.tBodies[0].replaceChildren(...shown.map(({ row }) => row));
    const rest = shown.length < matching.length ? `, ${matching.length} match` : "";
    document.getElementById("shown").textContent = `${shown.length} of ${entries.length} shown${rest}`;
    more.hidden = !rest;
  }

  function filter() {
    most = ROWS_AT_ONCE;
    apply();
  }

  function sort(header, column) {
    const next = { none: "ascending", ascending: "descending", descending: "none" };
    const direction = next[header.ariaSort];
    for (const cell of table.tHead.rows[0].cells) cell.ariaSort = "none";
    header.ariaSort = direction;
    const sign = direction === "descending" ? -1 : 1;
    const keys = new Map(entries.map((entry) => [entry, keyOf(entry.row.cells[column], severity)]));
    inOrder = direction === "none" ? entries
      : [...entries].sort((a, b) => compare(keys.get(a), keys.get(b), sign) || a.order - b.order);
    apply();
  }

  Array.from(table.tHead.rows[0].cells, (header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = header.textContent;
    button.addEventListener("click", () => sort(header, column));
    header.replaceChildren(button);
    header.ariaSort = "none";
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", filter);
  form.addEventListener("reset", () => setTimeout(filter)); // the browser clears the fields after this event
  more.addEventListener("click", () => {
    most += ROWS_AT_ONCE;
    apply();
  });
  form.hidden = false;
  apply();
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?%?$/i;
const COLLATOR = new Intl.Collator("en", { numeric: true });

// The sort key of a cell: a verdict's severity, a number or a text; null if the value is unknown.
function keyOf(cell, severity) {
  const status = cell.querySelector(".status");
  if (status) return severity.get(status.dataset.status);
  if (cell.querySelector(".missing")) return null;
  const text = cell.textContent.trim();
  return NUMBER.test(text) ? Number.parseFloat(text) : text;
}

// Numbers before texts, and unknown values last in both directions.
function compare(a, b, sign) {
  if (a === null || b === null) return (a === null) - (b === null);
  if (typeof a !== typeof b) return sign * (typeof a === "number" ? -1 : 1);
  return sign * (typeof a === "number" ? a - b : COLLATOR.compare(a, b));
}
