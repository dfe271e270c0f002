"""What the service's documents leave open, and what is chosen here; code that calls the API must not rely on it.

Requests
- A request that breaks the service model (pattern, length, enum) is a `ValidationException`. Execution logs of
  Step Functions show such an error as unmodelled, so it is not `InvalidInputException`.
- An unknown hyperparameter is an `InvalidInputException`.
- `ListSolutionVersions` and every other list give the oldest first.
- Schemas and metric attributions cannot have tags: the authorization reference does not list them as taggable.
- A caller without iam:PassRole on the role of a request gets an `InvalidInputException`. Callers whose access key
  this AWS did not give out are the account's root.

Data
- `DescribeDataset.datasetType` is upper case, as in the dataset's ARN.
- S3 that cannot be read or written makes the job `CREATE FAILED`; the call itself is accepted.
- A first import with `importMode=INCREMENTAL` is accepted and ends as `CREATE FAILED`.
- Every object of the first level of an import folder is read; one that is not such a CSV file fails the job. Empty ones
  whose names begin with an underscore, such as Spark's `_SUCCESS`, are passed over.
- A leftover byte order mark, a blank line, a row of the wrong length or a carriage return without a line feed outside
  quotation marks fails the import; so does a file of headers alone.
- A backslash escapes a quotation mark or a backslash inside quotation marks, and stands for itself elsewhere; a doubled
  quotation mark is accepted, too. Exports quote only where they must and escape with backslashes.
- A later record replaces an earlier one with the same ID whichever way it came: a row of a FULL import wins over an
  earlier Put record; Put records that no import names stay.
- The quota of event types counts the whole dataset after the import.
- Names of schema fields must be Avro names, unique without underscores and case.
- Both documented names of the column for the end of an action, EXPIRATION_TIMESTAMP and
  ACTION_EXPIRATION_TIMESTAMP, are accepted.
- An export job writes one file, named after the dataset's type and the ingestion mode.
- An export of BULK or PUT alone has what came that way, even where the other way has replaced it since.
- A data deletion job is done when its records are gone, minutes instead of up to a day later. It also drops the
  anonymous events of sessions in which a deleted user was seen. Its lists are read as import files are.

Training
- A solution version's `name` is an identity within its solution: using it twice is a
  `ResourceAlreadyExistsException`. Versions without a name are never refused.
- A solution version's id is derived from the solution's name and the number of resources created so far.
- `GetSolutionMetrics` of a version that is still in the making is a `ResourceInUseException`; of one that failed
  or was stopped an `InvalidInputException`. So are jobs and campaigns with it.
- The first automatic training begins an hour after the solution is ACTIVE, the end of the documented hour.

Models (the algorithms are ours: see docs/personalize.md)
- `hidden_dimension` sets the rank of the spectral scorer and `bptt` the window of transitions; the hidden dimensions of
  Similar-Items change nothing.
- Percentiles of history lengths and item counts are applied, with their documented defaults.
- User-Personalization-v2 scores a user's 500 best items, whose scores sum to 1, and gives the others none. It explores
  in one of twenty places, at the end of the list, with the reason `Exploration`.
- Scores of Next-Best-Action are propensities from 0 to 1; the VALUE of actions breaks ties, expiry and
  REPEAT_FREQUENCY are ignored.
- `optimizationObjective` weighs events by the item's value relative to the mean, to the power 0, 0.5, 1 or 2.
- Weights of `eventsConfig` count relative to the largest; a weight of 0 drops the event type, and the list takes the
  place of `eventType` and `eventValueThreshold`.
- A version trained with UPDATE has the metrics of the FULL one. `cold_start_relative_from` has no effect, and neither
  have excluded columns of interactions.
- At most half of the users with two events are held out for metrics.
- HPO is a random search of 5 trials unless told otherwise, by NDCG at 25.
- A basket of Frequently-bought-together is a user's purchases less than a day apart.
- Keys of metrics that the documents only name: `trend_prediction_accuracy`; `precision`, `recall`,
  `area_under_curve`; `item_popularity`, `item_freshness`, `item_similarity`; the weighted NDCG ends in `_at_5`,
  `_at_10` and `_at_25`.
- The feature transformation of a recipe whose page names none has the recipe's name.

Resources
- Two versions of a solution cannot have one name, unless the door of faults says that they may.
- A job keeps its name for good: no API deletes jobs, so their names are never free again, not even when the
  dataset or the solution version they worked for is gone.
- A second event tracker or metric attribution of a dataset group is a `ResourceAlreadyExistsException`.
- Filters and metric attributions do not keep a dataset group from being deleted: they go with it.
- To update, delete, stop, start or import into what is being updated is a `ResourceInUseException`, as is starting or
  stopping a recommender in the wrong status.
- A campaign cannot be updated to a solution version of another dataset group.
- An update of a campaign or recommender that is `CREATE FAILED` makes it ACTIVE.
- A resource has at most 50 tags, and no key begins with `aws:`, as elsewhere in AWS.
- What a job brings is there when its work is done, even where a progression or delay keeps its status back.
- A metric attribution is updated at once.
- The report of an import is named AggregatedAttributionMetrics-<mode>-<time>.csv. Intervals of a quarter of an hour
  begin at the full one; interactions without EVENT_ATTRIBUTION_SOURCE are told without a source, whatever their
  RECOMMENDATION_ID. publishAttributionMetricsToS3 without a destination in S3, or for other datasets than that of
  interactions, is an `InvalidInputException`; a report that cannot be written fails the import.
- `AWS::Personalize::Dataset` with a `DatasetImportJob` is complete when the import is.
- A dataset group or metric attribution whose key of KMS the service or the role may not use is an
  `InvalidInputException`; a job is accepted and ends as `CREATE FAILED`. Nothing is encrypted.
- The service sends no source with its requests to KMS, so a key policy with conditions on one does not admit it.
- A role whose policies grant what the guide names is let use a key that its policy leaves to IAM, if they grant
  CreateGrant, too.
- Imports, trainings and batch jobs ask for the key of their dataset group; requests in real time and filters do not.
- Durations: see `progress`. The service takes minutes for all of it.

Filters
- AND binds tighter than OR; there are no parentheses for grouping.
- Names of datasets and fields ignore case, values do not.
- A missing value makes IN and comparisons false, and NOT IN and != true.
- An expression whose IF does not hold is as if it were not there; without any INCLUDE everything is included.
- An EXCLUDE expression without its values is left out whole.
- = and != also work on text; IN on numbers is refused.
- Conditions on interactions that AND joins must hold for the same event.
- `filterValues` must be quoted texts or numbers; a quoted number fits a numeric field. Unknown names, or values
  without a filter, are an `InvalidInputException`.
- Filters see new bulk data at once.

Real time
- A campaign, recommender or filter that is not ACTIVE is an `InvalidInputException`; so is a request to the runtime or
  the events API that breaks the service model.
- `numResults` 0 gives an empty list. `inputList` must not be empty or hold an item twice.
- The number of promoted items is rounded up; their places are drawn by the question, and they keep their order.
- Metadata values are text under the names asked for; null is left out, and so is an empty `reason`.

Events
- Keys of `properties` match columns ignoring case and underscores; unknown keys, wrong types and missing values that
  cannot be null refuse the whole call.
- What an event says itself comes before its properties; members without a column are dropped.
- An event without an item is accepted and not kept, but links its session with its user.
- An anonymous event goes to the first user who is seen in its session afterwards, at once instead of at the next
  retraining, and to nobody else.
- An empty text in `properties` is a missing value, as in a CSV file.
- A request body that is not strict JSON is a `SerializationException`; such `properties`, and numbers that no long or
  float holds, are an `InvalidInputException`.
- Action event types other than Taken, Not taken and Viewed are refused.
- An unknown `trackingId` is an `InvalidInputException` for PutEvents and a `ResourceNotFoundException` for
  PutActionInteractions.

Lists
- What a list names and is not there is an `InvalidInputException` where the model has no `ResourceNotFoundException`.

Jobs
- `numResults` of a batch inference job is at most 500, the documented maximum of real-time requests.
- Batch output of User-Personalization-v2 has no reasons beside its items: where the service writes them is not
  shown anywhere.
- Two inputs of a batch job whose names, without folders, are equal would write one output: they fail the job.
- Segments are written as `usersList`, as observed, not as `recommendedUsers`, as documented.
- An item or attribute that was not there when a segment's version was trained is that line's error.
"""

from typing import Final

MAX_BATCH_RESULTS: Final = 500
"""Items per user of a batch inference job."""

DEFAULT_PAGE: Final = 100
"""Resources on a page of a list when the request does not say: the largest `maxResults` allowed."""
