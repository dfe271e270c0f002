"""Raw data that no row can be made of: the run stops before anything is imported.

    TransformError
    ├── SourceEmptyError       nothing lies under the path
    ├── ColumnMissingError     a header lacks a mapped column
    ├── UndecodableError       an object is not UTF-8 text
    └── RowsLostError          rows out, filtered and rejected do not add up: a fault of ours

The class name is the error name that the state machine sees.
"""


class TransformError(Exception):
    """Raw data that cannot be transformed; the message says which object, what was expected and how to mend it."""


class SourceEmptyError(TransformError):
    """No object with content lies under the source path."""


class ColumnMissingError(TransformError):
    """An object's header lacks a raw column that the pipeline file names, or names one twice."""


class UndecodableError(TransformError):
    """An object is not UTF-8 text."""


class RowsLostError(TransformError):
    """The engine lost rows: rows in differ from rows out + filtered + rejected."""
