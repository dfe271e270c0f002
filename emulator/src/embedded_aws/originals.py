"""What the replaced parts of moto looked like when they were replaced: `originals.json`, a hash for each.

`python -m embedded_aws.originals` names each part whose source is another one in the installed moto, `--write` writes
the table anew once they have been looked at. A test does the same, so that nobody moves to another moto unawares.

At run time nothing is compared and nobody is warned. The distribution asks for exactly one version of moto, and pip
says so to who installs another. Who does it nevertheless, for a patch release, gets what works; a warning at each
start would turn into an error in suites with `-W error`, and reading 160 sources would cost each start a second.
"""

import hashlib
import inspect
import json
import sys
import textwrap
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from embedded_aws.patches import registered

_DIGITS: Final = 12
_FILE: Final = "originals.json"


def fingerprint(original: Any) -> str:
    """Return the hash of a part's source, without comments of their own line, blank lines and indentation.

    What is not moto's own, such as the `datetime` that a module of moto's imports, counts by its name: its source
    changes with Python. So does what a dictionary holds. Other values count as they are written.
    """
    return hashlib.sha256(_text(original).encode()).hexdigest()[:_DIGITS]


def table() -> dict[str, str]:
    """Return the hash of every replaced part of the installed moto, by its name."""
    from embedded_aws import server  # noqa: PLC0415  # it uses patches itself

    server.import_parts()
    return {patch.target: fingerprint(patch.original) for patch in registered() if patch.original is not None}


def changed(now: dict[str, str]) -> list[str]:
    """Return what is wrong with a table of hashes: a sentence for each part that the committed one has otherwise."""
    known = json.loads(resources.files(__package__).joinpath(_FILE).read_text())
    then: dict[str, str] = known["replaced"]
    told = []
    for target in sorted(now.keys() | then.keys()):
        if target not in then:
            told.append(f"{target} is replaced, and is not in {_FILE}")
        elif target not in now:
            told.append(f"{target} is not replaced any more, and is in {_FILE}")
        elif then[target] != now[target]:
            told.append(f"{target} is not what it was in moto {known['moto']}: look at it, and at what replaces it")
    return told


def main(arguments: list[str]) -> int:
    """Say what changed, or write the table; return the exit code."""
    now = table()
    if arguments == ["--write"]:
        document = {"moto": version("moto"), "replaced": dict(sorted(now.items()))}
        Path(__file__).with_name(_FILE).write_text(json.dumps(document, indent=2) + "\n")
        return 0
    told = changed(now)
    # Its purpose:
    print("\n".join(told) or f"moto {version('moto')} has all {len(now)} replaced parts as they were")  # noqa: T201
    return 1 if told else 0


def _text(value: Any) -> str:
    value = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
    if isinstance(value, dict):
        # moto's urls and its backends, which are made for each account that is asked for.
        contents = {} if hasattr(value, "backend") else {key: _name(each) for key, each in value.items()}
        return f"{_name(type(value))} {sorted(contents.items())}"
    if inspect.ismodule(value) or not callable(value):
        return repr(value) if not inspect.ismodule(value) else value.__name__
    if not str(value.__module__).startswith("moto."):
        return _name(value)
    lines = textwrap.dedent(inspect.getsource(value)).splitlines()
    return "\n".join(line.rstrip() for line in lines if line.strip() and not line.lstrip().startswith("#"))


def _name(value: Any) -> str:
    return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', value)}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
