"""Raw data that no row can be made of: the run stops before anything is imported.

    TransformError
    ├── SourceEmptyError       nothing lies under the path
    ├── BucketMissingError     the bucket of a source is not there
    ├── SourceRefusedError     a source in another bucket may not be listed or read
    ├── UnreadableKeyError     an object has a name that engines cannot read
    ├── ColumnMissingError     an object lacks a mapped column
    ├── RepeatedKeyError       a key stands twice in a look-up
    ├── DelimiterError         an object names another delimiter than the pipeline file
    ├── UndecodableError       an object is not what format and encoding say
    ├── DamagedError           an object's compressed content is cut off or damaged
    ├── ForgottenUnreadableError  the list of users to leave out is damaged
    └── RowsLostError          rows out, filtered and rejected do not add up: a fault of ours

The class name is the error name that the state machine sees.
"""


class TransformError(Exception):
    """Raw data that cannot be transformed; the message says which object, what was expected and how to mend it."""


class SourceEmptyError(TransformError):
    """No object with content lies under the source path."""


class BucketMissingError(TransformError):
    """The bucket that a source names is not there."""


class SourceRefusedError(TransformError):
    """A source in another bucket may not be listed or read, or lies in another region."""


class UnreadableKeyError(TransformError):
    """An object has a name that engines cannot read."""


class ColumnMissingError(TransformError):
    """An object lacks a raw column that the pipeline file names, names one twice, or holds no text there."""


class RepeatedKeyError(TransformError):
    """Several rows of a look-up have the same key, and the pipeline file does not say which counts."""


class DelimiterError(TransformError):
    """The first line of an object says that its fields are cut at something else than the pipeline file does."""


class UndecodableError(TransformError):
    """An object is not text in the encoding of its source, or not Parquet."""


class DamagedError(TransformError):
    """An object's compressed content is cut off or damaged."""


class ForgottenUnreadableError(TransformError):
    """The list of users to leave out is not what it should be: what it holds nobody knows."""


class RowsLostError(TransformError):
    """The engine lost rows: rows in differ from rows out + filtered + rejected."""


class BatchInputError(TransformError):
    """The input of a batch job would be beyond the service's limits, or its ids cannot be read."""


class DataTooLargeError(TransformError):
    """There is more raw data than the engine can take."""
