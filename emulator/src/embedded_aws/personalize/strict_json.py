"""JSON as it is specified: no NaN, no number beyond a double, no half of a surrogate pair, no bottomless nesting.

Python's own reader lets the first three through, and all of them fail later and elsewhere.
"""

import json
import math
import re
from typing import Any, Final, Never

_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")


def loads(text: str) -> Any:
    """Return the value of a JSON text.

    Raises:
        ValueError: it is not JSON, or nothing that can be stored and sent.
    """
    try:
        found = json.loads(text, parse_constant=_refuse, parse_float=_finite)
        if _SURROGATE.search(text):
            json.dumps(found, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except UnicodeEncodeError as error:
        raise ValueError("it has half of a surrogate pair") from error
    return found


def _refuse(name: str) -> Never:
    raise ValueError(f"{name} is no JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text[:80]} is too large for a number")
    return value
