"""What a table says of itself."""

import uuid
from typing import Any

from moto.dynamodb.models.table import Table

from embedded_aws.patches import replaces

_describe = Table.describe


@replaces(Table, "describe")
def a_table_has_an_id(self: Any, base_key: str = "TableDescription") -> dict[str, Any]:
    """Return what DescribeTable tells.

    moto: gives a table no id, so one that was deleted and made anew looks like the one before. AWS: TableId, another
    one for each table (API reference, page API_TableDescription).
    """
    described = _describe(self, base_key)
    table_id = self.__dict__.setdefault("table_id", str(uuid.uuid4()))
    described[base_key]["TableId"] = table_id
    return described
