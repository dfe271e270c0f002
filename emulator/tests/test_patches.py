"""What is replaced in moto: that all of it is known, and that another moto is noticed."""

import ast
import hashlib
import importlib.util
import json
import textwrap
from pathlib import Path
from types import ModuleType

import moto
import pytest

from embedded_aws import originals, server

SOURCES = Path(server.__file__).parent
FIRST = """
class Thing:
    @staticmethod
    def answer(question):
        # thinks
        return question + 1

LIMIT = 3
"""


def test_moto_is_the_one_that_was_looked_at() -> None:
    """No replaced part has changed; if one has, look at it, then run `python -m embedded_aws.originals --write`."""
    assert originals.changed(originals.table()) == []


def test_the_hashes_are_those_of_motos_own_files() -> None:
    """A function is known by the text in moto's file, not by what stands in its place while this test runs."""
    text = Path(moto.__file__).with_name("logs").joinpath("models.py").read_text()
    group = next(node for node in ast.parse(text).body if isinstance(node, ast.ClassDef) and node.name == "LogGroup")
    method = next(node for node in group.body if getattr(node, "name", "") == "get_cfn_attribute")
    lines = textwrap.dedent("\n".join(text.splitlines()[method.lineno - 1 : method.end_lineno])).splitlines()
    expected = hashlib.sha256("\n".join(line for line in lines if line).encode()).hexdigest()[:12]
    server.install()

    committed = json.loads((SOURCES / "originals.json").read_text())["replaced"]

    assert committed["moto.logs.models.LogGroup.get_cfn_attribute"] == expected
    assert originals.table()["moto.logs.models.LogGroup.get_cfn_attribute"] == expected


def test_what_changed_is_named() -> None:
    """Another source, a part that is new and one that is gone are each told by name, and nothing else is."""
    now = originals.table()
    now["moto.scheduler.models.Schedule.update"] = "0" * 12
    now["moto.new"] = now.pop("moto.athena.responses.AthenaResponse.start_query_execution")

    told = originals.changed(now)

    assert [sentence.split(" is ")[0] for sentence in told] == [
        "moto.athena.responses.AthenaResponse.start_query_execution",
        "moto.new",
        "moto.scheduler.models.Schedule.update",
    ]
    assert "is not what it was in moto 5.2.5" in told[2]


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("# thinks", "# thinks hard\n", True),
        ("question + 1", "question + 1  ", True),
        ("question + 1", "question + 2", False),
        ("@staticmethod", "@classmethod", False),
    ],
)
def test_a_part_counts_by_its_code(tmp_path: Path, before: str, after: str, *, same: bool) -> None:
    """Comments, blank lines and ends of lines do not make another function; code and decorators do."""
    names = "moto.one_of_these", "moto.other_of_these"
    first, second = (
        _module(tmp_path, name, text) for name, text in zip(names, (FIRST, FIRST.replace(before, after)), strict=True)
    )

    hashes = {originals.fingerprint(vars(module.Thing)["answer"]) for module in (first, second)}

    assert (len(hashes) == 1) is same
    assert originals.fingerprint(first.LIMIT) != originals.fingerprint(4)


def test_every_module_that_replaces_something_is_imported() -> None:
    """`server` lists what replaces or adds something, itself excepted, and what has types for CloudFormation."""
    calling, typing = set(), set()
    for file in SOURCES.rglob("*.py"):
        name = ".".join(file.relative_to(SOURCES.parent).with_suffix("").parts)
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"replaces", "adds"}:
                calling.add(name)
            if isinstance(node, ast.ClassDef) and "CloudFormationModel" in {
                getattr(base, "id", "") for base in node.bases
            }:
                typing.add(name)

    listed = set(server.PARTS)

    assert calling - listed == {"embedded_aws.server"}
    assert listed - calling <= typing
    assert typing <= listed
    assert len(server.PARTS) == len(listed)


def _module(folder: Path, name: str, text: str) -> ModuleType:
    file = folder / f"{name}.py"
    file.write_text(text)
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
