"""The doors through which tests switch faults on: HTTP beside the API, as moto has its own `/moto-api`."""

import json
from collections.abc import Callable
from typing import Any

from moto.core.request import Request


def answer_at_door(
    request: Request, arm: Callable[[Any], None], clear: Callable[[], None], report: Callable[[], dict[str, Any]]
) -> tuple[int, dict[str, str], str]:
    """Answer a request to a door.

    Args:
        request: `GET` reports, `DELETE` forgets, `POST` arms what its body says, a JSON value.
        arm: arms it; ValueError and TypeError say why it cannot be, and are answered with 400.
        clear: forgets what is armed and what fired.
        report: says both.
    """
    status, wrong = 200, ""
    match request.method:
        case "GET":
            pass
        case "DELETE":
            clear()
        case "POST":
            try:
                arm(json.loads(request.get_data(as_text=True)))
            except (ValueError, TypeError) as error:
                status, wrong = 400, str(error)
        case other:
            status, wrong = 405, f"{other} is not one of GET, POST, DELETE"
    answer = {"message": wrong} if wrong else report()
    return status, {"Content-Type": "application/json"}, json.dumps(answer)
