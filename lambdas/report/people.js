// Interactions, samples, and the box to look one up.
const histories = new Map(report.histories.map((each) => [each.user, each]));
const items = new Map(report.items.map((each) => [each.item, each]));

// An id may be called like what every object has.
const labelOf = (id) => (Object.hasOwn(report.labels, id) ? report.labels[id] : null);

function itemTold(id) {
  const label = labelOf(id);
  return label ? el("span", {}, label, " ", el("span", { class: "soft" }, id)) : id;
}

const thing = (id, kind) => (kind === "item" ? itemTold(id) : id);

function activityPart() {
  const activity = report.activity;
  const told = datasets.find((each) => each.interactions);
  if (!told) return;
  const { per_user: users, per_item: of, event_types: types } = told.interactions;
  const rows = [
    ["different", number("per_user.count", users.count), number("per_item.count", of.count)],
    ["with one interaction", whole(users.once), whole(of.once)], ["median", figure(users.median, 1), figure(of.median, 1)],
    ["mean", figure(users.mean, 1), figure(of.mean, 1)], ["90 % have at most", whole(users.p90), whole(of.p90)], ["most", whole(users.most), whole(of.most)],
  ];
  section("activity", "Interactions",
    activity ? periodsChart(activity) : say("Interactions over time were not counted.", "soft"),
    table(["interactions", "of users", "of items"], rows, [1, 2]),
    activity ? el("div", { class: "cols" }, el("div", {}, el("h3", {}, "Per user"), spreadChart(activity.per_user, "users")),
      el("div", {}, el("h3", {}, "Per item"), spreadChart(activity.per_item, "items"))) : null,
    types.length ? say(`Event types: ${types.map((each) => `${each.name} ${whole(each.rows)}`).join(", ")}.`) : null);
}

function lineTold(sample, line) {
  const history = sample.keyed_by === "user" ? histories.get(line.key) : null;
  const offered = el("div", {}, el("h3", {}, `${sample.solution}/${sample.job} offers`),
    el("ol", { class: "offered" }, line.found.map((id) => el("li", {}, thing(id, sample.finds)))),
    line.of > line.found.length ? say(`The first ${line.found.length} of ${whole(line.of)}.`, "soft") : null);
  return [history, offered];
}

function userTold(user) {
  const mine = report.samples.filter((each) => each.keyed_by === "user").flatMap((sample) => sample.lines.filter((line) => line.key === user).map((line) => lineTold(sample, line)));
  const history = histories.get(user);
  return el("div", { class: "card" }, el("h3", {}, `User ${user}`), el("div", { class: "cols" },
    el("div", {}, el("h3", {}, "Latest interactions"), history ? [
      el("ul", { class: "latest" }, history.latest.map((each) => el("li", {}, itemTold(each.item), " ",
        el("span", { class: "soft" }, `${each.event ? `${each.event}, ` : ""}${dayTold(each.time)}`)))),
      el("p", { class: "soft" }, number(`user.${user}.interactions`, history.interactions), " in all."),
    ] : say("None among the imported interactions.", "soft")),
    mine.map(([, offered]) => offered)));
}

function dayTold(seconds) {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? `at ${seconds}` : date.toISOString().slice(0, 10);
}

function keyTold(sample, line) {
  return el("div", { class: "card" }, el("h3", {}, sample.keyed_by === "item" ? ["Item ", itemTold(line.key)] : line.key), lineTold(sample, line)[1]);
}

function itemCard(id) {
  const known = items.get(id);
  const lists = report.samples.filter((each) => each.keyed_by === "item").flatMap((sample) => sample.lines.filter((line) => line.key === id).map((line) => lineTold(sample, line)[1]));
  return el("div", { class: "card" }, el("h3", {}, "Item ", itemTold(id)), known ? el("p", {}, "It has ",
    number(`item.${id}.interactions`, known.interactions), " interactions, and is offered in ", number(`item.${id}.offered`, known.offered), " rows of the tables.") : null, lists);
}

function matches(text) {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return [];
  const users = sampledUsers().filter((user) => user.toLowerCase() === wanted).map(userTold);
  const named = [...items.keys()].filter((id) => id.toLowerCase() === wanted);
  const labelled = Object.entries(report.labels).filter(([id, label]) => label.toLowerCase().includes(wanted) && !named.includes(id)).map(([id]) => id);
  const near = sampledUsers().filter((user) => user.toLowerCase() !== wanted && user.toLowerCase().startsWith(wanted)).map(userTold);
  return [...users, ...[...named, ...labelled].map(itemCard), ...near].slice(0, 8);
}

const sampledUsers = () => [...new Set(report.samples.filter((each) => each.keyed_by === "user").flatMap((each) => each.lines.map((line) => line.key)))];

function peoplePart() {
  if (!report.samples.length && !report.items.length) return;
  const users = sampledUsers();
  const all = report.samples.filter((each) => each.keyed_by === "user").reduce((most, each) => Math.max(most, each.keys), 0);
  const result = el("div", { id: "found", "aria-live": "polite" });
  const box = el("input", { type: "search", id: "look", list: "ids", placeholder: "id of a user or item, or a part of a label", "aria-label": "Look up a user or an item" });
  const show = () => {
    const found = matches(box.value);
    result.replaceChildren(...(found.length ? found : [say(box.value.trim() ? "Not among those that this page carries." : "", "soft")]));
  };
  box.addEventListener("input", show);
  const options = el("datalist", { id: "ids" }, [...users, ...items.keys()].slice(0, 1000).map((id) => el("option", { value: id }, labelOf(id) || "")));
  const others = report.samples.filter((each) => each.keyed_by !== "user");
  const carried = all
    ? ["This page carries ", number("carried.users", users.length), ` of ${whole(all)} users, chosen by a hash of their ids, and `, number("carried.items", items.size), " items: theirs, and those that are offered most."]
    : ["This page carries ", number("carried.items", items.size), " items: those of the tables, and those that are offered most."];
  section("people", "Who is offered what",
    el("p", {}, carried, " The tables hold all of them."),
    el("label", {}, el("b", {}, "Look up "), box), options, result,
    users.length ? el("details", { open: "" }, el("summary", {}, "Some users"), users.slice(0, 3).map(userTold)) : null,
    others.map((sample) => el("details", {}, el("summary", {}, `${sample.solution}/${sample.job}: ${sample.lines.length} of ${whole(sample.keys)} lines`), sample.lines.slice(0, 5).map((line) => keyTold(sample, line)))));
  const asked = new URLSearchParams(location.hash.slice(1)).get("look");
  if (asked) { box.value = asked; show(); }
}
