"""What the service's documents leave open, and what is chosen here; code that calls the API must not rely on it.

- A request that breaks the service model (pattern, length, enum) is a `ValidationException`. Execution logs of
  Step Functions show such an error as unmodelled, so it is not `InvalidInputException`.
- `DescribeDataset.datasetType` is upper case, as in the dataset's ARN.
- A solution version's `name` is an identity within its solution: using it twice is a
  `ResourceAlreadyExistsException`. Versions without a name are never refused.
- A solution version's id is derived from the solution's name and the number of versions it had.
- A job keeps its name for good: no API deletes jobs, so their names are never free again, not even when the
  dataset or the solution version they worked for is gone.
- `ListSolutionVersions` and every other list give the oldest first.
- `GetSolutionMetrics` of a version that is still in the making is a `ResourceInUseException`; of one that failed
  or was stopped an `InvalidInputException`. So is `CreateBatchInferenceJob` with it.
- S3 that cannot be read or written makes the job `CREATE FAILED`; the call itself is accepted.
- A first import with `importMode=INCREMENTAL` is accepted and ends as `CREATE FAILED`.
- Every object of the first level of an import folder is read; one that is not such a CSV file fails the job.
- A leftover byte order mark, a blank line or a row of the wrong length in a CSV file fails the job.
- `numResults` of a batch inference job is at most 500, the documented maximum of real-time requests.
- An unknown hyperparameter is an `InvalidInputException`.
- A filter or a metric attribution is not there to block the deletion of a dataset group.
- Keys of KMS are remembered and described; nothing is encrypted, and no key policy is asked.
- Batch output of User-Personalization-v2 has no reasons beside its items: where the service writes them is not
  shown anywhere.
- Durations: see `kinds.PAUSE`. The service takes minutes for all of it.
"""

MAX_BATCH_RESULTS = 500
"""Items per user of a batch inference job."""

DEFAULT_PAGE = 100
"""Resources on a page of a list when the request does not say: the largest `maxResults` allowed."""
