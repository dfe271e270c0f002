// The whole page, in the order in which a person asks.
function phasesPart() {
  const phases = report.phases;
  if (!phases.length) return section("phases", "Where the time went", say("The history of the execution was not read."));
  const begin = Math.min(...phases.map((each) => each.start));
  const end = Math.max(...phases.map((each) => each.end));
  const least = (end - begin) * 0.01;
  const shown = phases.filter((each) => each.end - each.start >= least);
  const short = phases.length - shown.length;
  const sum = (kind) => phases.filter((each) => each.kind === kind).reduce((total, each) => total + each.end - each.start, 0);
  section("phases", "Where the time went",
    el("p", {}, `From ${clock(begin)} to ${clock(end)}: ${lasting(end - begin)}. What is done at the same time counts as often as it is done: `,
      `${lasting(sum("work"))} of the pipeline's own work, ${lasting(sum("service"))} of Personalize, ${lasting(sum("waiting"))} of waiting for a quota, for what was in use, or for calls that were throttled.`),
    phasesChart(shown),
    short ? say(`${short} phases are left out, each of less than one percent of that time.`, "soft") : null,
    el("details", {}, el("summary", {}, "As a table"), table(["whose", "what", "kind", "began", "took"],
      phases.map((each) => [each.lane, each.name, KINDS[each.kind], clock(each.start).slice(11), lasting(each.end - each.start)]), [4])));
}

function notesPart() {
  if (!report.notes.length) return;
  section("notes", "What is not on this page", report.notes.map((each) => el("div", { class: "box look" }, each)));
}

function page() {
  document.title = `${report.pipeline} ${report.run}: ${report.status.toLowerCase()}`;
  for (const part of [failurePart, rowsPart, gatePart, qualityPart, tablesPart, peoplePart, activityPart, phasesPart, costPart, historyPart, lineagePart, notesPart]) part();
  const links = sections.map(([id, title]) => el("a", { href: `#${id}` }, title));
  document.getElementById("page").replaceChildren(headPart(), el("nav", {}, links), ...sections.map(([, , node]) => node),
    el("footer", {}, say(`Made ${report.made}. Ids, labels and rejected rows on this page are of real data: pass it on as you would the data.`, "soft")));
}

let drawing = Promise.resolve();
function redraw() {
  drawing = drawing.then(drawCharts).then(() => document.body.setAttribute("data-drawn", "yes"));
}

page();
redraw();
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
let width = window.innerWidth;
window.addEventListener("resize", () => {
  if (window.innerWidth !== width) { width = window.innerWidth; redraw(); }
});
