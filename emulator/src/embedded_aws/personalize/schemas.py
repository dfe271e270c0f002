"""Avro schemas by the service's rules, and what a dataset asks of them.

Rules: Developer Guide, how-it-works-dataset-schema and custom-datasets-and-schemas.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from reprlib import repr as shortened
from typing import Any, Final, NoReturn

import polars as pl

from embedded_aws.personalize import strict_json
from embedded_aws.personalize.exceptions import InvalidInputException

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""Avro specification, names."""
_TYPES: Final = frozenset({"float", "double", "int", "long", "string", "boolean", "null"})
_NUMBERS: Final = frozenset({"float", "double", "int", "long"})
_DTYPES: Final[dict[str, type[pl.DataType]]] = {
    "string": pl.String,
    "long": pl.Int64,
    "int": pl.Int32,
    "float": pl.Float64,
    "double": pl.Float64,
    "boolean": pl.Boolean,
}


@dataclass(frozen=True)
class Field:
    """A column: `types` are its Avro types, with "null" among them where it may be empty.

    `item_name` marks the column with the titles of items, which Semantic-Similarity and themes read.
    """

    name: str
    types: frozenset[str]
    categorical: bool = False
    textual: bool = False
    item_name: bool = False

    @property
    def nullable(self) -> bool:
        """Whether a row may leave it empty."""
        return "null" in self.types

    @property
    def kind(self) -> str:
        """Its Avro type, "null" left aside."""
        return next(iter(self.types - {"null"}))

    @property
    def dtype(self) -> type[pl.DataType]:
        """The type of its values in a table."""
        return _DTYPES[self.kind]

    @property
    def numeric(self) -> bool:
        """Whether its values are numbers."""
        return self.kind in _NUMBERS


@dataclass(frozen=True)
class DatasetType:
    """What a dataset type asks of its schema; `keys` are the columns that make a row one of its own."""

    record: str
    required: dict[str, frozenset[str]]
    reserved: dict[str, frozenset[str]]
    keys: tuple[str, ...] = ()
    needs_metadata: bool = False
    textual: bool = False
    metadata_columns: int = 100


@dataclass(frozen=True)
class Schema:
    """A checked schema: its columns in order."""

    dataset_type: str
    fields: tuple[Field, ...]

    @property
    def names(self) -> list[str]:
        """The columns' names, in order."""
        return [field.name for field in self.fields]

    @property
    def empty(self) -> pl.DataFrame:
        """A table of its columns and types without rows."""
        return pl.DataFrame(schema={field.name: field.dtype for field in self.fields})

    @property
    def rules(self) -> DatasetType:
        """What its dataset type asks."""
        return DATASET_TYPES[self.dataset_type]

    @property
    def metadata(self) -> list[str]:
        """The columns that are neither required nor reserved."""
        known = self.rules.required.keys() | self.rules.reserved.keys()
        return [name for name in self.names if name not in known]


def _one(*types: str) -> frozenset[str]:
    return frozenset(types)


DATASET_TYPES: Final = {
    "INTERACTIONS": DatasetType(
        record="Interactions",
        required={"USER_ID": _one("string"), "ITEM_ID": _one("string"), "TIMESTAMP": _one("long")},
        reserved={
            "EVENT_TYPE": _one("string"),
            "EVENT_VALUE": _one("float", "null"),
            "IMPRESSION": _one("string", "null"),
            "RECOMMENDATION_ID": _one("string", "null"),
            "EVENT_ATTRIBUTION_SOURCE": _one("string", "null"),
        },
        metadata_columns=5,
    ),
    "USERS": DatasetType(
        record="Users",
        required={"USER_ID": _one("string")},
        reserved={},
        keys=("USER_ID",),
        needs_metadata=True,
        metadata_columns=25,
    ),
    "ITEMS": DatasetType(
        record="Items",
        required={"ITEM_ID": _one("string")},
        reserved={"CREATION_TIMESTAMP": _one("long", "null")},
        keys=("ITEM_ID",),
        needs_metadata=True,
        textual=True,
    ),
    "ACTIONS": DatasetType(
        record="Actions",
        required={"ACTION_ID": _one("string")},
        reserved={
            "CREATION_TIMESTAMP": _one("long", "null"),
            "VALUE": _one("long", "null"),
            "TYPE": _one("string", "null"),
            "REPEAT_FREQUENCY": _one("long", "null"),
            "EXPIRATION_TIMESTAMP": _one("long", "null"),
            "ACTION_EXPIRATION_TIMESTAMP": _one("long", "null"),
        },
        keys=("ACTION_ID",),
        needs_metadata=True,
        metadata_columns=10,
    ),
    "ACTION_INTERACTIONS": DatasetType(
        record="ActionInteractions",
        required={
            "USER_ID": _one("string"),
            "ACTION_ID": _one("string"),
            "EVENT_TYPE": _one("string"),
            "TIMESTAMP": _one("long"),
        },
        reserved={"IMPRESSION": _one("string", "null"), "RECOMMENDATION_ID": _one("string", "null")},
    ),
}

_TEXT: Final = _one("string", "null")
_NUMBER: Final = _one("float", "null")

_DOMAIN_FIELDS: Final = {
    ("ECOMMERCE", "INTERACTIONS"): {"EVENT_TYPE": _one("string")},
    ("ECOMMERCE", "ITEMS"): {"PRICE": _one("float"), "CATEGORY_L1": _one("string")},
    ("VIDEO_ON_DEMAND", "INTERACTIONS"): {"EVENT_TYPE": _one("string")},
    ("VIDEO_ON_DEMAND", "ITEMS"): {"CREATION_TIMESTAMP": _one("long"), "GENRES": _one("string")},
}
"""What a domain requires on top (ECOMMERCE-datasets-and-schemas, VIDEO-ON-DEMAND-datasets-and-schemas)."""

_DOMAIN_RESERVED: Final = {
    ("ECOMMERCE", "ITEMS"): {
        **dict.fromkeys(("CATEGORY_L2", "CATEGORY_L3", "AGE_GROUP", "ADULT", "GENDER", "PRODUCT_DESCRIPTION"), _TEXT)
    },
    ("VIDEO_ON_DEMAND", "ITEMS"): {
        **dict.fromkeys(("PRICE", "DURATION", "AVERAGE_RATING"), _NUMBER),
        **dict.fromkeys(
            ("GENRE_L2", "GENRE_L3", "CONTENT_OWNER", "CONTENT_CLASSIFICATION", "PRODUCT_DESCRIPTION"), _TEXT
        ),
    },
    ("VIDEO_ON_DEMAND", "USERS"): {"SUBSCRIPTION_MODEL": _TEXT},
}
"""The types of a domain's own optional fields (the same pages); texts are categorical, descriptions textual."""

_TEXTUAL: Final = "PRODUCT_DESCRIPTION"
_NEEDS_CATEGORIES: Final = frozenset({"CATEGORY_L1", "GENRES"})


def parse_schema(text: str, domain: str | None) -> Schema:
    """Return the schema in an Avro document.

    Raises:
        InvalidInputException: it breaks a rule; the text names the field and the rule.
    """
    document = _document(text)
    known = [rules.record for rules in DATASET_TYPES.values()]
    # In small letters, too: configurations that AWS publishes and deploys have them.
    by_record = {form: name for name, rules in DATASET_TYPES.items() for form in (rules.record, rules.record.lower())}
    record = document.get("name")
    if not isinstance(record, str) or record not in by_record:
        _refuse(f"the record's name must be one of {', '.join(known)}, not {shortened(record)}")
    fields = document.get("fields")
    if not isinstance(fields, list) or not fields:
        _refuse("fields must be a list of at least one field")
    schema = Schema(by_record[record], tuple(_field(field) for field in fields))
    _check_names(schema.names)
    extra = _DOMAIN_FIELDS.get((domain or "", schema.dataset_type), {})
    _check_required(schema, {**schema.rules.required, **extra})
    _check_reserved(schema)
    _check_domain(schema, _DOMAIN_RESERVED.get((domain or "", schema.dataset_type), {}), extra)
    _check_metadata(schema, extra)
    return schema


def check_dataset_fits(dataset_type: str, schema: dict[str, Any], group: dict[str, Any]) -> None:
    """Check that a dataset of that type in that group can have that schema (members as the API names them).

    Raises:
        InvalidInputException: it cannot.
    """
    if dataset_type not in DATASET_TYPES:
        known = ", ".join(DATASET_TYPES)
        raise InvalidInputException(f"datasetType must be one of {known}, not {dataset_type}")
    if schema.get("domain") != group.get("domain"):
        raise InvalidInputException("The schema and the dataset group must have the same domain")
    if group.get("domain") and dataset_type in {"ACTIONS", "ACTION_INTERACTIONS"}:
        raise InvalidInputException(f"A Domain dataset group cannot have a dataset of type {dataset_type}")
    found = parse_schema(schema["schema"], schema.get("domain")).dataset_type
    if found != dataset_type:
        raise InvalidInputException(
            f"The schema's record is {DATASET_TYPES[found].record}, but the dataset's type is {dataset_type}"
        )


def check_replacement(old: Schema, new: Schema) -> None:
    """Check that a dataset can change from one schema to another (Developer Guide, updating-dataset-schema).

    Raises:
        InvalidInputException: the dataset is neither Items nor Users, an old field is missing or different, or a new
            one cannot be null.
    """
    if old.dataset_type not in {"ITEMS", "USERS"}:
        raise InvalidInputException(f"The schema of a dataset of type {old.dataset_type} cannot be replaced")
    fields = {field.name: field for field in new.fields}
    for field in old.fields:
        if fields.pop(field.name, None) != field:
            raise InvalidInputException(f"The new schema must keep the field {field.name} as it is")
    for field in fields.values():
        if not field.nullable:
            raise InvalidInputException(f"The new field {field.name} must allow null")


def _document(text: str) -> dict[str, Any]:
    try:
        document = strict_json.loads(text)
    except ValueError as error:
        raise InvalidInputException(f"Input is not a valid Avro schema: it is not JSON ({error})") from error
    if not isinstance(document, dict) or document.get("type") != "record":
        _refuse('it must be an object with "type": "record"')
    return document


def _field(field: Any) -> Field:
    if not isinstance(field, dict) or not isinstance(field.get("name"), str):
        _refuse("every field is an object with a name and a type")
    name, declared = field["name"], field.get("type")
    if not _NAME.fullmatch(name):
        _refuse(f"the field name {shortened(name)} is not a letter or underscore, then letters, digits or underscores")
    types: list[Any] = declared if isinstance(declared, list) else [declared]
    wrong = [one for one in types if not isinstance(one, str) or one not in _TYPES]
    if wrong or not types:
        _refuse(f"field {name} has type {shortened(declared)}; allowed are {', '.join(sorted(_TYPES))}")
    if len(set(types) - {"null"}) != 1 or len(set(types)) != len(types):
        _refuse(f"field {name} must have one type, alone or in a union with null")
    return Field(
        name,
        frozenset(types),
        categorical=_flag(field, "categorical"),
        textual=_flag(field, "textual"),
        item_name=_flag(field, "itemName"),
    )


def _flag(field: dict[str, Any], name: str) -> bool:
    value = field.get(name, False)
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    if not isinstance(value, bool):
        _refuse(f"field {field['name']}: {name} must be true or false")
    return value


def _check_names(names: Iterable[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        plain = name.replace("_", "").lower()
        if plain in seen:
            _refuse(f"fields {seen[plain]} and {name} are the same name once underscores and case are ignored")
        seen[plain] = name


def _check_required(schema: Schema, required: dict[str, frozenset[str]]) -> None:
    fields = {field.name: field for field in schema.fields}
    for name, types in required.items():
        if name not in fields:
            _refuse(f"required field {name} is missing")
        if fields[name].types != types:
            _refuse(f"required field {name} must have type {' or '.join(sorted(types))}")


def _check_reserved(schema: Schema) -> None:
    for field in schema.fields:
        types = schema.rules.reserved.get(field.name)
        if types is None and field.name not in schema.rules.required:
            continue
        if types is not None and field.types not in {types, types - {"null"}}:
            _refuse(f"reserved field {field.name} must have type {' or '.join(sorted(types))}")
        if field.categorical:
            _refuse(f"field {field.name} is reserved and cannot be categorical")


def _check_domain(schema: Schema, reserved: dict[str, frozenset[str]], required: Iterable[str]) -> None:
    for field in schema.fields:
        types = reserved.get(field.name)
        if types is not None and field.types not in {types, types - {"null"}}:
            _refuse(f"reserved field {field.name} must have type {' or '.join(sorted(types))}")
        text = types is not None and "string" in field.types
        if (
            (text and field.name != _TEXTUAL) or field.name in _NEEDS_CATEGORIES & set(required)
        ) and not field.categorical:
            _refuse(f"field {field.name} must be categorical")
        if text and field.name == _TEXTUAL and not field.textual:
            _refuse(f"field {field.name} must be textual")


def _check_metadata(schema: Schema, domain_fields: Iterable[str]) -> None:
    rules = schema.rules
    metadata = [field for field in schema.fields if field.name in set(schema.metadata)]
    if len(metadata) > rules.metadata_columns:
        _refuse(f"{rules.record} can have at most {rules.metadata_columns} metadata fields")
    for field in metadata:
        if (field.categorical or field.textual) and "string" not in field.types:
            _refuse(f"field {field.name} is categorical or textual, so it must be a string")
        if field.textual and not rules.textual:
            _refuse(f"field {field.name}: only Items can have textual fields")
    if sum(field.textual for field in metadata) > 1:
        _refuse("at most one field can be textual")
    useful = [field for field in metadata if field.categorical or field.textual or field.types & _NUMBERS]
    if rules.needs_metadata and not useful and not set(domain_fields):
        _refuse(f"{rules.record} needs a metadata field that is categorical, textual or numeric")


def _refuse(rule: str) -> NoReturn:
    raise InvalidInputException(f"Input is not a valid Avro schema: {rule}")
