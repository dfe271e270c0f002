"""Numbers and patterns that Amazon Personalize documents, each with its page.

Page names are those of https://docs.aws.amazon.com/personalize/latest/dg/<page>.html.
"""

MIN_INTERACTIONS = 1000
"""Records per interactions import, and interactions per training (page limits)."""

MAX_INCREMENTAL_BYTES = 1024**3
"""Bytes of an incremental import (page limits)."""

MIN_USERS_WITH_TWO = 25
"""Users with at least two interactions each that a training needs (page limits)."""

MIN_SHARE_OF_USERS_WITH_TWO = 0.01
"""Their least share of all users (page limits)."""

MAX_ID_LENGTH = 256
"""Characters of a user or item id (page limits)."""

MAX_STRING_LENGTH = 1000
"""Characters of a string that is neither an id nor textual (page items-datasets)."""

MAX_NAME_LENGTH = 63
NAME_PATTERN = r"^[a-zA-Z0-9][a-zA-Z0-9\-_]*$"
"""Name of every resource (page API_CreateDatasetImportJob)."""

MAX_TAGS = 50
"""Tags of a resource (page tagging-resources)."""

MAX_NUM_RESULTS = 500
"""Items per user in real time (page API_RS_GetRecommendations); batch inference documents no own maximum."""

MAX_BATCH_JOBS_IN_PROGRESS = 5
"""Batch inference jobs pending or in progress per account and region (page limits)."""

MAX_TEXTUAL_LENGTH = 20_000
"""Characters of a textual value; the service cuts what is longer (page items-datasets)."""

MAX_TEXTUAL_COLUMNS = 1
"""Textual columns of an Items dataset (page items-datasets)."""

MAX_SCHEMA_LENGTH = 10_000
"""Characters of a schema that CloudFormation takes (resource type AWS::Personalize::Schema)."""

MAX_EVENT_TYPES_AND_METADATA = 10
"""Distinct event types plus optional columns of an Item interactions dataset (page limits)."""

MAX_INPUT_FILES = 1000
"""Input files of a batch job (page limits)."""

MAX_INPUT_BYTES = 1024**3
"""Bytes of all input files of a batch job (page limits)."""

MAX_THEMED_LINES_PER_FILE = 100
"""Lines of an input file of batch inference with themes (page limits)."""

MAX_QUERIES_PER_FILE = {"item": 500, "attributes": 10}
"""Lines of an input file of a batch segment job, by what a line names (page limits)."""

MAX_SEGMENT_USERS = 5_000_000
"""Users per segment (page creating-batch-seg-job)."""

MAX_TRAINING_JOBS = 40
MAX_PARALLEL_TRAINING_JOBS = 10
"""Of one search for hyperparameters (page API_HPOResourceConfig)."""

MAX_EVENT_WEIGHTS = 10
"""Event types with a weight (page API_EventsConfig)."""

MAX_ATTRIBUTED_METRICS = 10
"""Metrics of a metric attribution (page limits)."""

MAX_SOLUTIONS = 10
"""Solutions of a dataset group (page limits)."""

MAX_CAMPAIGNS = 5
"""Campaigns of a dataset group (page limits)."""

MAX_RECOMMENDERS = 5
"""Recommenders of a dataset group (page limits)."""

MAX_FILTERS = 30
"""Filters of a dataset group (page limits)."""

MAX_FIELDS_PER_FILTER = 10
"""Distinct fields of one filter (page limits)."""

MAX_FILTER_FIELDS = 20
"""Distinct fields of all filters of a dataset group (page limits)."""

MAX_FILTER_EXPRESSION = 2500
"""Characters of a filter's expression (page API_CreateFilter)."""

MAX_AUTO_TRAINING_DAYS = 30
"""Days between automatic trainings (page API_AutoTrainingConfig)."""
