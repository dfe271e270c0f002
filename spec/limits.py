"""Numbers and patterns that Amazon Personalize documents, each with its page.

Page names are those of https://docs.aws.amazon.com/personalize/latest/dg/<page>.html.
"""

MIN_INTERACTIONS = 1000
"""Records per interactions import, and interactions per training (page limits)."""

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

MAX_NUM_RESULTS = 500
"""Items per user in real time (page API_RS_GetRecommendations); batch inference documents no own maximum."""

MAX_BATCH_JOBS_IN_PROGRESS = 5
"""Batch inference jobs pending or in progress per account and region (page limits)."""
