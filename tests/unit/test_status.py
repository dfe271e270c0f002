"""What `pipelines status` makes of a service that may not be asked, or answers with an error."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli.deployment import Deployment
from cli.operate.status import status_of
from tests.documents import parsed


class Service:
    """A service each of whose operations ends with an error of this code."""

    def __init__(self, code: str) -> None:
        self._code = code

    def __getattr__(self, name: str) -> Any:
        """Return an operation, whatever its name."""

        def refuse(*_: Any, **__: Any) -> Any:
            raise ClientError({"Error": {"Code": self._code, "Message": f"no {name}"}}, name)

        return refuse


class Session:
    """A session whose services all answer so."""

    def __init__(self, code: str) -> None:
        self._code = code

    def client(self, _: str) -> Service:
        """Return a service."""
        return Service(self._code)


def status(code: str) -> Any:
    """Return the status of the shop where all services answer with a code."""
    session: Any = Session(code)
    return status_of(session, Deployment("bucket", "machine", "topic"), parsed(), "dev")


def test_what_may_not_be_read_is_named() -> None:
    """Each part that is denied is unknown with its reason, and hides no other."""
    found = status("AccessDeniedException")

    assert ["schedule", "runs", "tables", "alarms", "real time"] == [each.split(":")[0] for each in found.unknown]
    assert "AccessDeniedException: no get_schedule" in found.unknown[0]
    assert (None, [], [], [], []) == (found.schedule, found.runs, found.tables, found.alarms, found.live)


def test_another_error_is_none_of_permissions() -> None:
    """A service that fails ends the command with what it said."""
    with pytest.raises(ClientError, match="no get_schedule"):
        status("InternalServerException")
