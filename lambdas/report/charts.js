// Charts by Vega-Lite. Colours are those of Okabe and Ito, and each is told by a word, a height or a shape as well.
const charts = [];
const dark = () => window.matchMedia("(prefers-color-scheme: dark)").matches;

function chart(description, spec) {
  const node = el("div", { class: "chart", role: "img", "aria-label": description });
  charts.push([node, description, spec]);
  return node;
}

function colours() {
  return dark()
    ? { ink: "#e8eaed", soft: "#a4abb3", rule: "#363c43", blue: "#56b4e9", orange: "#e69f00", red: "#ff9457", green: "#3fc49c" }
    : { ink: "#1a1a1a", soft: "#5a5f66", rule: "#d5d9de", blue: "#0072b2", orange: "#e69f00", red: "#d55e00", green: "#009e73" };
}

function config(tone) {
  const text = { labelColor: tone.ink, titleColor: tone.soft, labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal" };
  return {
    background: null, font: "system-ui, sans-serif", view: { stroke: null },
    axis: { ...text, gridColor: tone.rule, domainColor: tone.rule, tickColor: tone.rule, labelLimit: 190 },
    legend: { ...text, symbolStrokeColor: tone.ink, orient: "top", columns: 2 },
    title: { color: tone.ink, fontSize: 13, anchor: "start", fontWeight: "bold" },
    text: { color: tone.ink, fontSize: 12 },
    range: { category: [tone.blue, tone.orange, tone.green, tone.red, "#cc79a7", "#f0e442"] },
  };
}

async function drawCharts() {
  const tone = colours();
  for (const [node, description, spec] of charts) {
    node.replaceChildren();
    const given = { $schema: "https://vega.github.io/schema/vega-lite/v6.json", description, width: Math.max(200, node.clientWidth),
      autosize: { type: "fit", contains: "padding" }, ...spec(tone, node.clientWidth), config: config(tone) };
    const compiled = vegaLite.compile(given).spec;
    await new vega.View(vega.parse(compiled), { renderer: "svg", container: node, hover: true }).runAsync();
  }
}

// Room for the number behind the longest bar.
const roomy = (values, field) => ({ domain: [0, 1.2 * Math.max(1, ...values.map((each) => each[field]))], nice: false });
const COUNT = { tickCount: 4, labelExpr: "datum.value ? format(datum.value, '~s') : '0'" };

function rowsChart(dataset) {
  const values = [
    ["out", dataset.rows_out], ["filtered", dataset.rows_filtered - dataset.rows_duplicate],
    ["duplicate", dataset.rows_duplicate], ["rejected", dataset.rows_rejected],
  ].map(([what, rows], order) => ({ what, rows, told: whole(rows), order }));
  return chart(`Rows of ${dataset.dataset} by what became of them`, (tone) => ({
    height: 120, data: { values },
    encoding: { y: { field: "what", type: "nominal", sort: null, title: null }, x: { field: "rows", type: "quantitative", title: "rows", axis: COUNT, scale: roomy(values, "rows") } },
    layer: [
      { mark: { type: "bar", height: 16 }, encoding: { color: { field: "what", type: "nominal", legend: null, sort: null,
        scale: { domain: ["out", "filtered", "duplicate", "rejected"], range: [tone.blue, tone.soft, tone.soft, tone.red] } } } },
      { mark: { type: "text", align: "left", dx: 4 }, encoding: { text: { field: "told" } } },
    ],
  }));
}

function metricChart(metric, points) {
  const name = metricName(metric);
  return chart(`${name} of each run`, (tone) => ({
    height: 200, title: name, data: { values: points },
    mark: { type: "line", point: { filled: true, size: 70 }, strokeWidth: 2 },
    encoding: {
      x: { field: "run", type: "ordinal", title: "run", axis: { labelAngle: 0, labelOverlap: true,
        labelExpr: "slice(datum.label, 4, 6) + '-' + slice(datum.label, 6, 8)" } },
      y: { field: "value", type: "quantitative", title: null, scale: { zero: true }, axis: { tickCount: 4 } },
      color: { field: "solution", type: "nominal", title: null },
      shape: { field: "solution", type: "nominal", title: null },
      strokeDash: { field: "solution", type: "nominal", title: null },
    },
  }));
}

function periodsChart(activity) {
  const values = activity.periods.map((each) => ({ start: `${each.start}T00:00:00Z`, interactions: each.interactions }));
  return chart(`Interactions by ${activity.unit}`, (tone) => ({
    height: 190, data: { values }, mark: { type: "area", interpolate: "step-after", color: tone.blue, opacity: 0.75, line: { color: tone.blue } },
    encoding: {
      x: { field: "start", type: "temporal", scale: { type: "utc" }, title: `${activity.unit} (UTC)`, axis: { labelOverlap: true, tickCount: 6 } },
      y: { field: "interactions", type: "quantitative", title: "interactions", axis: COUNT },
    },
  }));
}

function spreadChart(bins, whose) {
  const values = bins.map((bin) => ({ ...bin, told: bin.low === bin.high ? String(bin.low) : `${whole(bin.low)}–${whole(bin.high)}` }));
  return chart(`${whose} by their number of interactions`, (tone) => ({
    height: 26 * values.length + 50, data: { values },
    encoding: {
      y: { field: "told", type: "nominal", sort: null, title: "interactions" },
      x: { field: "count", type: "quantitative", title: whose, axis: COUNT, scale: roomy(values, "count") },
    },
    layer: [
      { mark: { type: "bar", height: 16, color: tone.blue } },
      { mark: { type: "text", align: "left", dx: 4 }, encoding: { text: { field: "count", format: "," } } },
    ],
  }));
}

const KINDS = { work: "the pipeline's own work", service: "Personalize at work", waiting: "waiting" };
function phasesChart(phases) {
  const values = phases.map((each) => ({ row: each.lane === "run" ? each.name : `${each.name}|${each.lane}`, what: KINDS[each.kind], kind: each.kind, start: each.start, end: Math.max(each.end, each.start + 1) }));
  const rows = new Set(values.map((each) => each.row)).size;
  return chart("When each phase of the run began and ended", (tone, width) => ({
    height: (width < 500 ? 40 : 24) * rows + 70, data: { values },
    mark: { type: "bar", stroke: tone.ink, strokeWidth: 0.5, tooltip: true },
    encoding: {
      y: { field: "row", type: "nominal", sort: { field: "start", op: "min" }, title: null, axis: { labelLimit: width < 500 ? 150 : 330,
        labelExpr: width < 500 ? "split(datum.label, '|')" : "replace(datum.label, '|', ' of ')" } },
      x: { field: "start", type: "temporal", scale: { type: "utc", nice: false }, title: "time (UTC)", axis: { tickCount: width < 500 ? 3 : 7, labelOverlap: true, format: "%H:%M:%S" } },
      x2: { field: "end" },
      color: { field: "what", type: "nominal", title: null, scale: { domain: Object.values(KINDS), range: [tone.blue, tone.green, tone.orange] }, legend: { columns: 1 } },
      size: { field: "kind", type: "ordinal", legend: null, scale: { domain: ["work", "service", "waiting"], range: [16, 10, 4] } },
    },
  }));
}
