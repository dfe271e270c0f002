"""Read YAML that strangers may have written: what it stands for is bounded before it is built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import CollectionNode, MappingNode, ScalarNode
from ruamel.yaml.scanner import Scanner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ruamel.yaml.nodes import Node

MOST_CHARACTERS = 500_000
"""Several times what the state machine takes of a pipeline file (``definition.rules.sizes``)."""

MOST_ALIASED = 10_000
"""Values that the aliases of a file may stand for: eight lines of aliases to aliases come to millions."""

_DEEPEST = 50
"""Brackets within brackets; a pipeline file has five."""


class NoPipelineFileError(Exception):
    """A text is YAML, but larger or of another form than any pipeline file; holds line, what is wrong, and remedy."""

    def __init__(self, what: str, remedy: str, line: int = 0) -> None:
        super().__init__(what)
        self.what, self.remedy, self.line = what, remedy, line


class _Scanner(Scanner):
    def fetch_flow_collection_start(self, token: Any, to_push: str) -> None:
        """Begin a list or mapping in brackets; ruamel's time grows with the square of their depth."""
        if self.flow_level >= _DEEPEST:
            raise RecursionError
        super().fetch_flow_collection_start(token, to_push)


def read_yaml(text: str) -> tuple[Node | None, Any]:
    """Return the text's node tree, which knows lines, and its content, both by the rules of YAML 1.2.

    Raises:
        NoPipelineFileError: it is too large, its aliases stand for too much, or a key is a list or a mapping.
        RecursionError: it is nested too deep.
        ruamel.yaml.error.YAMLError: it is not YAML.
        ValueError: it holds a value that cannot be read.
    """
    if len(text) > MOST_CHARACTERS:
        what = f"has more than {MOST_CHARACTERS:,} characters, which is no pipeline file"
        raise NoPipelineFileError(what, "Put long lists of ids into a file: {file: ids.csv, column: id}")
    reader = YAML(typ="safe", pure=True)
    reader.Scanner = _Scanner
    # Keys that stand twice are reported with all other mistakes.
    reader.allow_duplicate_keys = True
    root = reader.compose(text)
    if root is None:
        return None, None
    _check_aliases(root)
    _check_keys(root)
    # To build what is merged (<<) changes the tree, in which each key then stands where it was merged too.
    built = reader.load(text) if _merges(root) else reader.constructor.construct_document(root)
    return root, built


def scalar(node: ScalarNode) -> Any:
    """Return the value that stands at a node."""
    return YAML(typ="safe", pure=True).constructor.construct_object(node)


def _check_aliases(root: Node) -> None:
    """Check how many values there are beyond those that are written.

    Raises:
        NoPipelineFileError: more than ``MOST_ALIASED``.
        RecursionError: an alias stands within what it names.
    """
    sizes: dict[int, int] = {}
    most = MOST_CHARACTERS + MOST_ALIASED

    def size(node: Node) -> int:
        if id(node) not in sizes:
            # What comes to more than all that a file can hold need not be counted.
            sizes[id(node)] = min(1 + sum(size(child) for child in _children(node)), most)
        return sizes[id(node)]

    if size(root) > len(sizes) + MOST_ALIASED:
        what = f"has aliases (*name) that stand for more than {MOST_ALIASED:,} values"
        raise NoPipelineFileError(what, "Use fewer, or write out what is needed")


def _check_keys(node: Node) -> None:
    """Check that no key is a list or a mapping: nothing could name its place.

    Raises:
        NoPipelineFileError: one is.
    """
    for key, _ in node.value if isinstance(node, MappingNode) else ():
        if not isinstance(key, ScalarNode):
            line = key.start_mark.line + 1
            raise NoPipelineFileError("has a list or a mapping as a key", "Write a text before each colon", line)
    for child in _children(node):
        _check_keys(child)


def _merges(node: Node) -> bool:
    return node.tag == "tag:yaml.org,2002:merge" or any(_merges(child) for child in _children(node))


def _children(node: Node) -> Iterator[Node]:
    if isinstance(node, MappingNode):
        for pair in node.value:
            yield from pair
    elif isinstance(node, CollectionNode):
        yield from node.value
