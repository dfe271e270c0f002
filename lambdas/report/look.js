"use strict";
// Nodes, and how numbers are told. A text of the report is only ever the text of a node.
const report = JSON.parse(document.getElementById("report").textContent);

function el(tag, options, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(options || {})) node.setAttribute(name, value);
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const UNKNOWN = "unknown";
const isThere = (value) => value !== null && value !== undefined;
const whole = (value) => (isThere(value) ? Number(value).toLocaleString("en-US") : UNKNOWN);
const share = (value) => (isThere(value) ? `${(100 * value).toFixed(1)} %` : UNKNOWN);
const figure = (value, digits = 4) => (isThere(value) ? Number(value).toFixed(digits) : UNKNOWN);

// A number that can be found again: `name` is where it comes from, `data-value` the number itself.
function number(name, value, told = whole(value)) {
  return el("span", { "data-number": name, "data-value": isThere(value) ? String(value) : UNKNOWN }, told);
}

function fact(name, label, value, told) {
  return el("div", { class: "fact" }, el("b", {}, number(name, value, told)), el("span", {}, label));
}

const facts = (...each) => el("div", { class: "facts" }, ...each);
const say = (text, kind) => el("p", kind ? { class: kind } : {}, text);

// Rows are lists of texts or nodes; `right` are the columns of numbers.
function table(heads, rows, right = []) {
  const cell = (tag, content, column) => el(tag, right.includes(column) ? { class: "n" } : {}, content);
  return el("div", { class: "wide" }, el("table", {},
    el("thead", {}, el("tr", {}, heads.map((head, column) => cell("th", head, column)))),
    el("tbody", {}, rows.map((row) => el("tr", {}, row.map((each, column) => cell("td", each, column)))))));
}

const sections = [];
function section(id, title, ...content) {
  const node = el("section", { id }, el("h2", {}, title), ...content);
  sections.push([id, title, node]);
}

function clock(milliseconds) {
  return `${new Date(milliseconds).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

function lasting(milliseconds) {
  const seconds = milliseconds / 1000;
  if (seconds < 100) return `${seconds.toFixed(1)} s`;
  if (seconds < 6000) return `${(seconds / 60).toFixed(1)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

const METRICS = [
  [/^normalized_discounted_cumulative_gain_at_(\d+)$/, "NDCG@$1"],
  [/^precision_at_(\d+)$/, "P@$1"],
  [/^mean_reciprocal_rank_at_(\d+)$/, "MRR@$1"],
];
function metricName(name) {
  const [pattern, short] = METRICS.find(([pattern]) => pattern.test(name)) || [];
  return pattern ? name.replace(pattern, short) : name.replaceAll("_", " ");
}
