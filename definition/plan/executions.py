"""How the work of a run is divided among executions, each with a history of its own.

A history ends at 25,000 events, and a job that takes days is looked at thousands of times. So each recommender, each
solution and each batch job is a child execution, and so is each part of a table, and each delivery with its parts.
Where recipes are compared, each of a solution is one, too.
"""

from __future__ import annotations

SOLUTION = "solution"
CANDIDATE = "candidate"
BATCH_JOB = "job"
RECOMMENDER = "recommender"
PUBLISHED_PART = "publish"
COMPARED_PART = "compare"
DELIVERY = "delivery"
DELIVERED_PART = "deliver"

LABELS = (RECOMMENDER, SOLUTION, CANDIDATE, BATCH_JOB, PUBLISHED_PART, COMPARED_PART, DELIVERY, DELIVERED_PART)
"""Of the Map Runs: part of the ARNs of their child executions, ``execution:<state machine>/<label>:<id>``."""

FOLLOWED = (RECOMMENDER, SOLUTION, CANDIDATE, BATCH_JOB, DELIVERY)
"""Those in which something happens that people wait for; parts of a table can be hundreds."""
