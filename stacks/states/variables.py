"""Every variable of the state machine, with its meaning.

In JSONata a variable that nobody assigned is nothing, so a misspelt name is a branch that is never taken. A test holds
this table against all definitions, and shows that what a state reads was assigned on every way to it.

Variables are seen by the states after the one that assigns them, and by those of Maps within, but not by child
executions: what these need travels in their input.
Source: https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
"""

from __future__ import annotations

VARIABLES: dict[str, str] = {
    # The run
    "run": "id of the run, part of every key and name",
    "known": "the solutions of the pipeline file with their jobs, as requests of the API",
    "plans": "those of the known solutions that this run trains and scores",
    "importMode": "run, full or skip, as the input says",
    "trainingMode": "run, full or skip, as the input says",
    "remarks": "sentences for the message at the end",
    "usage": "what the run used, and what that costs; null if that could not be reckoned",
    "reported": "sentences about the report for the message at the end: where it is, or why there is none",
    "month": "what the runs of the month have cost, where the file has a budget; null where that is not known",
    "refusal": "what is wrong with the input",
    # One run at a time
    "target": "id of the run to claim: a new one, or an earlier one that is resumed",
    "resumed": "whether the target is an earlier run",
    "claims": "how often another start was faster",
    "newest": "the newest run as S3 and Step Functions tell of it: run, execution, datasets, status",
    "arrived": "whether the execution was started by raw data that arrived",
    "waited": "whether it has waited for the end of an active run since it last looked for arrivals",
    "latest": "the newest arrival: run, execution, key",
    # Data
    "queried": "where what Athena has found lies, by source",
    "request": "the transform's request",
    "imported": "what the datasets hold by the newest imports",
    "report": "the transform's report",
    "fresh": "whether the report is of this execution's own transform",
    "dataset": "the dataset that a Map iteration imports, from the report",
    "imports": "results of the imports, in the order of the report's datasets",
    # Jobs of Personalize, each with arn, started, attempt, takenOver, status, reason: see the module job
    "datasetImportJob": "the import",
    "solution": "the solution",
    "solutionVersion": "the solution version",
    "campaign": "the campaign",
    "recommender": "the recommender",
    "batchJob": "the batch inference or batch segment job",
    # A solution or a recommender, in an execution of its own
    "plan": "what the pipeline file says of it, as requests of the API",
    "given": "what the run passes to it: run, importMode, trainingMode, report, known",
    "comparison": "how its recipes compare, where some are compared: told, best or failure, candidates",
    "room": "what was deleted to make room for a solution: asked, deleted, remaining",
    "published": "the version whose results are published now, with its metrics and its data",
    "search": "the look for a version that was created but whose answer was lost: arn, name, redrives, lost, refused",
    "training": "hours and metrics of the version",
    "misses": "metrics below their floor",
    "kept": "whether the published version is used instead of the new one",
    "recommenders": "results of the recommenders",
    "candidates": "results of the recipes of a solution",
    "solutions": "results of the solutions",
    "jobs": "results of a solution's batch jobs",
    # A recipe that is compared with others, in an execution of its own
    "candidate": "what the pipeline file says of it, as requests of the API",
    "trial": "what the solution passes to it: run, trainingMode, solution, training, known, published",
    "candidateSolution": "as solution",
    "candidateVersion": "as solutionVersion",
    "candidateTraining": "as training",
    "madeRoom": "as room",
    # A batch job, in an execution of its own
    "job": "what the pipeline file says of it",
    "task": "what the solution passes to it: run, solution, version",
    "parts": "sums over the parts of a table: lines, errors, and the first failure",
    "total": "what the parts come to as one table",
    "compared": "sums over the ranges of keys: keys, added, removed, moved, and the first failure",
    # A table that is delivered to DynamoDB, in an execution of its own, and each of its parts
    "deliveries": "results of the deliveries",
    "delivery": "what is delivered, and to which table",
    "begun": "since when lists have changed, and what is to be swept",
    "delivered": "sums over the parts: written, removed, unchanged, refused, units, the first failure, whether exact",
    "asked": "what the calls of a part are asked for",
    "written": "sums over its calls, the last key that is done with, and how often in a row that was the same",
    "call": "how the last call ended: done, throttled, why",
    # What went wrong: state, resource, arn, status, error, reason
    "failure": "of the run itself",
    "importFailure": "of one import",
    "recommenderFailure": "of one recommender",
    "solutionFailure": "of one solution",
    "candidateFailure": "of one recipe",
    "jobFailure": "of one batch job",
    "publishFailure": "of one part of a table",
    "compareFailure": "of one comparison",
    "deliveryFailure": "of one delivery",
    "writeFailure": "of one part of a delivery",
    "failures": "all failures of the run",
    "cause": "the reasons of all failures in one text",
    "error": "name of the first failure's error",
    "remedy": "what to do about it",
    "redrives": "how often the execution was redriven before it ended",
    "cleanup": "what was deleted after the run, and what could not be",
    # The alert of an execution that could not speak for itself
    "execution": "ARN of the execution",
    "started": "when it began",
}
