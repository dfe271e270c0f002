"""JSONata of more than a line: a file of the folder `programs` for each, and how a state gets one.

A program names what it takes in its first comment; `program` gives it by these names. A definition holds it without
comments and line breaks.
"""

from __future__ import annotations

import re
from importlib.resources import files

_LINE_BREAK = re.compile(r"\n\s*")
_COMMENT = re.compile(r"/\*.*?\*/\s*", re.DOTALL)


def program(name: str, **given: str) -> str:
    """Return the JSONata of a file of the folder `programs`.

    Args:
        name: of the file, without its end.
        given: JSONata of each variable that the program takes from whoever uses it.

    Raises:
        TypeError: the program names no such variable, or one that is not given.
    """
    text = (files("stacks.states.programs") / f"{name}.jsonata").read_text("utf-8")
    taken = set(re.findall(r"^ \* \$(\w+):", text, re.MULTILINE))
    if taken != given.keys():
        raise TypeError(f"{name} takes {sorted(taken)}, and is given {sorted(given)}")
    bound = "".join(f"${variable} := {value}; " for variable, value in given.items())
    return f"({bound}{_LINE_BREAK.sub(' ', _COMMENT.sub('', text).strip())})"
