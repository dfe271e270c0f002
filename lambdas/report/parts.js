// The parts of the page that tell numbers of the documents.
const manifest = report.manifest;
const data = manifest || report.data;
const datasets = data ? data.datasets : [];

function headPart() {
  const succeeded = report.status === "SUCCEEDED";
  const times = manifest ? `${clock(Date.parse(manifest.started))} to ${clock(Date.parse(manifest.finished))}, ` +
    lasting(Date.parse(manifest.finished) - Date.parse(manifest.started)) : report.phases.length ?
    `It began at ${clock(report.phases[0].start)}` : "When it began says the execution";
  return el("header", {},
    el("h1", {}, `${report.pipeline} (${report.stage})`),
    el("div", { class: `status ${succeeded ? "good" : "bad"}`, "data-number": "status", "data-value": report.status }, succeeded ? "✓ succeeded" : "✗ failed"),
    el("p", {}, "Run ", el("code", {}, report.run), `. ${times}.`));
}

function failurePart() {
  if (report.status === "SUCCEEDED") return;
  const record = report.failure;
  if (!record) return section("failure", "Why it failed", say("The record of the failure could not be read; the execution's cause says it."));
  section("failure", "Why it failed",
    record.failures.map((each) => el("div", { class: "box stop" },
      el("b", {}, `${each.state}: ${each.error}`),
      each.solution ? say(`${each.solution}${each.job ? `/${each.job}` : ""}`, "soft") : null,
      say(each.reason), each.arn ? el("p", { class: "mono" }, each.arn) : null)),
    say(`What to do: ${record.remedy}`));
}

function rowsPart() {
  if (!data) return section("rows", "Rows", say("The run ended before its data was transformed."));
  const blocks = datasets.map((each) => {
    const of = `datasets.${each.dataset}`;
    const found = report.reasons.filter((reason) => reason.dataset === each.dataset);
    return el("div", {}, el("h3", {}, each.dataset),
      table(["rows in", "→ out", "filtered", "rejected"], [[number(`${of}.rows_in`, each.rows_in), number(`${of}.rows_out`, each.rows_out),
        number(`${of}.rows_filtered`, each.rows_filtered), number(`${of}.rows_rejected`, each.rows_rejected)]], [0, 1, 2, 3]),
      rowsChart(each),
      el("p", {}, "Of the filtered rows ", number(`${of}.rows_duplicate`, each.rows_duplicate), " were the same as one that stayed. The dataset has ",
        number(`${of}.records`, each.records), " records. ", importTold(each)),
      each.rows_forgotten ? el("p", {}, number(`${of}.rows_forgotten`, each.rows_forgotten), " of the filtered rows are of users that are to be forgotten.") : null,
      each.elements ? el("p", {}, `Elements of lists: ${whole(each.elements.total)}, of which ${whole(each.elements.out)} gave records, ` +
        `${whole(each.elements.filtered)} were filtered and ${whole(each.elements.rejected)} rejected.`) : null,
      each.lookups.map((lookup) => lookupTold(of, lookup, found.filter((reason) => reason.lookup === lookup.name))),
      emptyTold(each),
      reasonsTold(of, each, found.filter((reason) => !isThere(reason.lookup))),
      checksTold(of, each),
      each.rejects ? el("p", { class: "soft mono" }, each.rejects) : null);
  });
  section("rows", "Rows", say("Every row that came in is out, filtered or rejected."), blocks,
    data.unchanged_since ? say(`The data is that of run ${data.unchanged_since}, and was not transformed again.`) : null);
}

function importTold(dataset) {
  const plan = dataset.imports;
  if (!plan) return "";
  const words = { FULL: "all of it", INCREMENTAL: "only what is new", NONE: "nothing" };
  return `To import: ${words[plan.mode]} (${plan.reason}), ${whole(plan.records)} records.`;
}

function lookupTold(of, lookup, found) {
  const name = `${of}.lookups.${lookup.name}`;
  return el("div", {}, el("p", {}, `Look-up ${lookup.name}: `, number(`${name}.rows_in`, lookup.rows_in), " rows in, ",
    number(`${name}.rows_out`, lookup.rows_out), " to be found, ", number(`${name}.rows_duplicate`, lookup.rows_duplicate),
    " of the same key, ", number(`${name}.rows_rejected`, lookup.rows_rejected), " rejected."),
  reasonsTold(name, lookup, found));
}

// Reasons and their rows are those of the documents; an example stands beside one where it was found.
function reasonsTold(of, counted, found) {
  const example = (reason) => (found.find((one) => one.reason === reason) || {}).example;
  return counted.reasons.map((each) => el("div", { class: "box" }, el("b", {}, number(`${of}.reasons.${each.reason}`, each.rows), " rejected: "),
    each.reason, exampleTold(example(each.reason))));
}

// A row that fails a check stays in the dataset, so it is counted nowhere else.
function checksTold(of, dataset) {
  return dataset.checks.map((each) => {
    const failed = `${of}.checks.${each.name}`, first = each.first;
    const found = isThere(each.rows_failed)
      ? [" is not true of ", number(`${failed}.rows_failed`, each.rows_failed), " of ", number(`${failed}.rows_tested`, each.rows_tested), " rows",
        first ? `, first ${first.object}${isThere(first.line) ? `, line ${first.line}` : ""}` : ""]
      : [", with ", Object.entries(each.counts).map(([name, count]) => `${name} = ${isThere(count) ? whole(count) : "unknown"}`).join(", ")];
    return el("div", { class: each.passed ? "box" : "box stop" }, el("b", {}, `check ${each.name} ${each.passed ? "passed" : each.severity === "warn" ? "failed, as a warning" : "failed"}: `),
      each.condition, found, each.failures ? el("div", { class: "soft mono" }, `${each.failures}${dataset.dataset}.failed-checks*.jsonl`) : null);
  });
}

function emptyTold(dataset) {
  const empty = Object.entries(dataset.empty).filter(([, count]) => count);
  return empty.length ? say(`Records without a value: ${empty.map(([column, count]) => `${column} ${whole(count)}`).join(", ")}.`, "soft") : null;
}

function exampleTold(example) {
  if (!example) return say("None of them is among the rows that were read for this page.", "soft");
  const where = isThere(example.line) ? `${example.object}, line ${example.line}` : example.object;
  return el("div", {}, el("code", { class: "example" }, example.raw), el("div", { class: "soft" }, where));
}

function gatePart() {
  if (!data) return;
  const refusals = data.refusals || [];
  const misses = (manifest ? manifest.solutions : []).flatMap((each) => (each.quality ? each.quality.misses : []).map((miss) => [each, miss]));
  const cost = data.cost;
  const own = report.history.find((each) => each.run === report.run);
  section("gate", "Gates and warnings",
    refusals.length ? refusals.map((each) => el("div", { class: "box stop" }, el("b", {}, "Refused: "), each)) : say("The data was not refused."),
    misses.map(([each, miss]) => el("div", { class: "box stop" }, el("b", {}, `Quality of ${each.name}: `), miss,
      each.quality.kept_version ? " The version before is used." : "")),
    cost ? say(`By its data the run was reckoned at ${cost.usd} of ${cost.max_cost} USD (max_cost).`) : null,
    own ? own.anomalies.map((each) => el("div", { class: "box look" }, el("b", {}, "Anomaly: "), each)) : null,
    data.warnings.length ? data.warnings.map((each) => el("div", { class: "box look" }, el("b", {}, "Warning: "), each)) : say("There is no warning."));
}

function qualityPart() {
  if (!manifest || !(manifest.solutions.length || manifest.recommenders.length)) return;
  const before = [...report.earlier].reverse();
  const blocks = manifest.solutions.map((solution) => {
    const last = before.flatMap((run) => run.versions.filter((each) => each.solution === solution.name && Object.keys(each.metrics).length)
      .map((each) => ({ run: run.run, ...each })))[0];
    const names = Object.keys(solution.metrics).sort();
    const kept = last && last.version_arn && last.version_arn === solution.version_arn;
    return el("div", {}, el("h3", {}, solution.recipe ? `${solution.name} (${recipeName(solution.recipe)})` : solution.name),
      solution.failure ? el("div", { class: "box stop" }, `${solution.failure.error}: ${solution.failure.reason}`) : null,
      solution.best_of ? comparison(solution) : null,
      kept ? say(`The version is that of run ${last.run}: nothing new was trained.`) : null,
      names.length ? table(["offline metric", "this run", last ? "before" : "", last ? "change" : ""], names.map((name) => {
        const old = last ? last.metrics[name] : undefined;
        const value = solution.metrics[name];
        return [metricName(name), number(`metrics.${solution.name}.${name}`, value, figure(value)), last ? figure(old) : "", changeTold(old, value)];
      }), [1, 2, 3]) : say("No metrics are known."),
      last ? say(`Before: run ${last.run}.`, "soft") : say("No earlier run with metrics is known.", "soft"));
  });
  const live = manifest.recommenders.filter((each) => Object.keys(each.metrics).length || each.failure).map((each) =>
    el("div", {}, el("h3", {}, `${each.name} (${recipeName(each.recipe)})`),
      each.failure ? el("div", { class: "box stop" }, `${each.failure.error}: ${each.failure.reason}`) : null,
      Object.keys(each.metrics).length ? table(["offline metric", "last training"], Object.keys(each.metrics).sort().map((name) =>
        [metricName(name), number(`recommenders.${each.name}.${name}`, each.metrics[name], figure(each.metrics[name]))]), [1]) : null));
  section("quality", "Quality of what was trained", el("div", { class: "cols" }, blocks, live), el("div", { class: "cols" }, metricCharts()));
}

const recipeName = (arn) => arn.split("/").pop();

// Which recipe won, and every candidate's metrics: those of the one that is scored with are bold.
function comparison(solution) {
  const { by, told, candidates } = solution.best_of;
  const names = [by, ...[...new Set(candidates.flatMap((each) => Object.keys(each.metrics)))].filter((name) => name !== by).sort()];
  const chosen = (each, text) => (each.version_arn && each.version_arn === solution.version_arn ? el("b", {}, text) : text);
  const rows = names.map((name) => [metricName(name), ...candidates.map((each) => (isThere(each.metrics[name])
    ? chosen(each, number(`candidates.${solution.name}.${recipeName(each.recipe)}.${name}`, each.metrics[name], figure(each.metrics[name])))
    : each.failure ? "failed" : ""))]);
  return el("div", {}, say(`Of ${candidates.length} recipes: ${told}.`),
    table(["compared", ...candidates.map((each) => chosen(each, recipeName(each.recipe)))], rows, candidates.map((_, column) => column + 1)));
}

function changeTold(old, value) {
  if (!isThere(old)) return "";
  const change = value - old;
  return `${change > 0 ? "▲ +" : change < 0 ? "▼ " : "= "}${change.toFixed(4)}`;
}

const MAIN_METRICS = ["normalized_discounted_cumulative_gain_at_10", "precision_at_10", "mean_reciprocal_rank_at_25", "coverage"];
function metricCharts() {
  if (!report.earlier.length) return [];
  const now = { run: report.run, versions: manifest.solutions.map((each) => ({ solution: each.name, metrics: each.metrics })) };
  const points = {};
  for (const run of [...report.earlier, now]) for (const version of run.versions) {
    for (const [name, value] of Object.entries(version.metrics)) (points[name] ||= []).push({ run: run.run, solution: version.solution, value });
  }
  const names = Object.keys(points).sort((one, other) => MAIN_METRICS.includes(other) - MAIN_METRICS.includes(one) || one.localeCompare(other));
  return names.slice(0, 4).map((name) => metricChart(name, points[name]));
}

function tablesPart() {
  const jobs = manifest ? manifest.solutions.flatMap((solution) => [...solution.batch_inference, ...solution.batch_segment].map((job) => [solution.name, job])) : [];
  if (!jobs.length) return;
  section("tables", "What the tables hold", jobs.map(([solution, job]) => {
    const name = `${solution}/${job.name}`;
    if (!job.published) {
      const why = job.failure ? `${job.failure.error}: ${job.failure.reason}` : "It was not published.";
      return el("div", {}, el("h3", {}, name), el("div", { class: "box stop" }, why));
    }
    const found = report.tables.find((each) => each.solution === solution && each.job === job.name);
    return el("div", {}, el("h3", {}, name), countsTold(name, job.published), found ? factsTold(name, found) : say("No more was counted.", "soft"), changesTold(name, job.published), deliveryTold(solution, job.name));
  }),
  el("details", {}, el("summary", {}, "What these words mean"), el("ul", {},
    el("li", {}, "Coverage: share of the catalogue that somebody is offered. The catalogue: what has an interaction, and what is offered without one."),
    el("li", {}, "Concentration (Gini): 0 where all of the catalogue are offered equally often, near 1 where one alone is."),
    el("li", {}, "Tail: all of the catalogue but the fifth with the most interactions."),
    el("li", {}, "Mean popularity: interactions of what is offered, on average over all rows."))));
}

function countsTold(name, published) {
  const of = `published.${name}`;
  return facts(fact(`${of}.lines`, "lines that were scored", published.lines), fact(`${of}.errors`, "lines with an error", published.errors),
    fact(`${of}.rows`, "rows of the table", published.rows), fact(`${of}.results`, "different results", published.results));
}

function factsTold(name, found) {
  const of = `tables.${name}`;
  const noun = found.finds === "user" ? "users" : "items";
  return facts(
    fact(`${of}.coverage`, `coverage: ${whole(found.found)} of ${whole(found.catalogue)} ${noun}`, found.coverage, share(found.coverage)),
    fact(`${of}.gini`, "concentration (Gini)", found.gini, figure(found.gini, 3)),
    fact(`${of}.tail_share`, `of the rows are tail; of the interactions ${share(found.tail_share_of_interactions)}`, found.tail_share, share(found.tail_share)),
    fact(`${of}.mean_popularity`, `mean popularity: interactions of the ${noun} offered`, found.mean_popularity, figure(found.mean_popularity, 1)));
}

function deliveryTold(solution, job) {
  const made = (manifest.deliveries || []).find((each) => each.solution === solution && each.job === job);
  if (!made) return "";
  const counts = `${whole(made.written)} lists written, ${whole(made.removed)} removed, ${whole(made.unchanged)} unchanged, ${whole(made.refused)} refused, of ${whole(made.lists)}.`;
  if (made.failure) return el("div", { class: "box stop" }, `DynamoDB table ${made.table}: ${made.failure.error}: ${made.failure.reason}`);
  return el("p", {}, "DynamoDB table ", el("code", {}, made.table), `: ${counts}`);
}

function changesTold(name, published) {
  const changes = published.changes;
  if (!changes) return say("There is no table before to compare with.", "soft");
  const same = published.rows - changes.added;
  return el("p", {}, "Overlap with the table of run ", el("code", {}, changes.since), ": ",
    number(`overlap.${name}`, published.rows ? same / published.rows : null, published.rows ? share(same / published.rows) : UNKNOWN),
    ` of the rows stood there too (${whole(same)}; ${whole(changes.moved)} of them at another rank), ${whole(changes.added)} are new, ${whole(changes.removed)} are gone.`);
}

const dollars = (value) => (!isThere(value) ? UNKNOWN : value > 0 && value < 0.00005 ? "less than 0.0001 USD" : `${Number(value).toFixed(4)} USD`);

function costPart() {
  const usage = manifest && manifest.usage;
  if (!usage) {
    return section("cost", "What it used and costs", say("Unknown: " + (manifest ? "it was not reckoned." : "the run ended before its manifest. What it imported or trained stands on the account's bill.")));
  }
  section("cost", "What it used and costs",
    facts(fact("usage.usd", `by the prices of ${usage.region}, of what is known`, usage.usd, dollars(usage.usd)),
      fact("usage.rows_imported", "rows imported", usage.rows_imported), fact("usage.training_hours", "training hours", usage.training_hours, figure(usage.training_hours)),
      fact("usage.lines_scored", "lines scored", usage.lines_scored), fact("usage.segment_lines", "lines of segments", usage.segment_lines)),
    table(["part", "USD", "reckoned"], usage.parts.map((each) => [each.part, dollars(each.usd).replace(" USD", ""), each.reckoned]), [1]),
    usage.unknown.map((each) => el("div", { class: "box look" }, el("b", {}, "Unknown: "), each)),
    say("Without what is billed by the hour (campaigns and recommenders), storage, requests, logs and messages, free tiers, taxes and discounts. On the embedded AWS nothing is billed, and training hours are this machine's.", "soft"));
}

// The last runs, the newest one first.
function historyPart() {
  const metric = (solution) => {
    const name = MAIN_METRICS.find((each) => isThere(solution.metrics[each]));
    return name ? el("div", {}, `${solution.name}: ${metricName(name)} ${figure(solution.metrics[name])}`) : null;
  };
  const row = (run) => {
    const of = `history.${run.run}`;
    const ended = run.status === "SUCCEEDED" ? el("span", { class: "good" }, "✓ succeeded") : el("span", { class: "bad" }, `✗ ${run.error || "failed"}`);
    return [el("div", { class: "id" }, clock(Date.parse(run.started)).slice(0, 16), el("div", { class: "soft mono" }, run.run)), ended, number(`${of}.rows_in`, run.rows_in),
      number(`${of}.rows_rejected`, run.rows_rejected), el("div", { class: "id" }, run.solutions.map(metric)),
      number(`${of}.duration_seconds`, run.duration_seconds, lasting(1000 * run.duration_seconds)), number(`${of}.usd`, run.usd, dollars(run.usd).replace(" USD", ""))];
  };
  if (!report.history.length) return;
  section("history", "The last runs", table(["began (UTC)", "ended", "rows in", "rejected", "offline metrics", "took", "USD"], [...report.history].reverse().map(row), [2, 3, 5, 6]),
    say("What they took is the time of the last execution of each. Cost is what is known of it.", "soft"));
}

function lineagePart() {
  if (!data) return;
  const arn = (text) => el("span", { class: "mono" }, text || UNKNOWN);
  const objects = datasets.flatMap((each) => each.objects.map((object) => [each.dataset, arn(object.key), whole(object.size), arn(object.etag)]));
  const made = manifest ? manifest.solutions.flatMap((solution) => [["solution", solution.name, arn(solution.arn)], ["version", solution.name, arn(solution.version_arn)],
    ...[...solution.batch_inference, ...solution.batch_segment].flatMap((job) => [["batch job", job.name, arn(job.arn)], ["table", job.name, arn(job.published && job.published.location)]])]) : [];
  const live = manifest ? [...manifest.solutions.filter((each) => each.campaign).map((each) => ["campaign", each.name, arn(each.campaign.arn)]),
    ...manifest.recommenders.map((each) => ["recommender", each.name, arn(each.arn)])] : [];
  const unnamed = datasets.reduce((sum, each) => sum + each.object_count - each.objects.length, 0);
  section("lineage", "Where it comes from",
    el("p", {}, "Fingerprint of the data: ", arn(data.fingerprint), manifest ? [". Hash of the pipeline file: ", arn(manifest.spec_hash)] : null, `. Transformed by ${data.engine}.`),
    el("p", {}, "Execution: ", arn(report.execution)),
    table(["what", "name in AWS"], [...datasets.filter((each) => each.import_job_arn).map((each) => ["import", each.dataset, arn(each.import_job_arn)]), ...made, ...live].map(([what, of, name]) => [`${what} ${of}`, name])),
    el("details", {}, el("summary", {}, `Raw objects: ${whole(objects.length)}${unnamed ? `, and ${whole(unnamed)} more in lineage.json` : ""}`),
      table(["dataset", "object", "bytes", "ETag"], objects, [2])));
}
