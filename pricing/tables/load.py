"""Read a table of prices: the user's where there is one, else the bundled one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import ValidationError
from ruamel.yaml.error import YAMLError

from definition.paths import ROOT
from definition.yaml_text import NoPipelineFileError, read_yaml
from pricing.tables.table import PriceTable

BUNDLED = Path(__file__).with_name("prices.json")
OWN = ROOT / "prices.json"
"""The user's table: where it is there, every command and every deployment takes it instead of the bundled one."""

DEFAULT_REGION = "us-east-1"
"""The region of the bundled prices."""


class PricesError(ValueError):
    """A table of prices cannot be used.

    Attributes:
        remedy: what to do.
    """

    def __init__(self, message: str, *, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


def price_table(given: Path | None = None) -> tuple[PriceTable, Path]:
    """Return the table that counts, and its file: the one given, else the user's, else the bundled one.

    Raises:
        PricesError: the file cannot be read, or is no table of prices.
    """
    file = given or (OWN if OWN.is_file() else BUNDLED)
    return (bundled() if file == BUNDLED else read(file)), file


@cache
def bundled() -> PriceTable:
    """Return the table that comes with the project."""
    return read(BUNDLED)


def read(file: Path) -> PriceTable:
    """Read a table in YAML, of which JSON is a part.

    Raises:
        PricesError: it cannot be read, or is no table of prices; every mistake is told.
    """
    remedy = "`pipelines schema prices` says what a table holds; pricing/tables/prices.json is one"
    try:
        _, content = read_yaml(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise PricesError(f"the prices in {file} cannot be read: {error}", remedy=remedy) from error
    except (YAMLError, NoPipelineFileError, RecursionError, ValueError) as error:
        raise PricesError(f"{file} is neither YAML nor JSON: {error}", remedy=remedy) from error
    try:
        return PriceTable.model_validate(content)
    except ValidationError as error:
        told = [f"{'.'.join(map(str, each['loc'])) or 'the table'}: {each['msg']}" for each in error.errors()]
        raise PricesError("\n  ".join([f"{file} is no table of prices:", *told]), remedy=remedy) from error
