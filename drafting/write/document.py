"""Write a draft as a commented pipeline file."""

from __future__ import annotations

import json
import re
import textwrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from drafting.guess.draft import Column, Draft, Part
    from drafting.look.tables import Source

WIDTH = 120
"""The most characters of a line."""

_PLAIN = re.compile(r"[A-Za-z_*.][\w ./*+-]*")
_NOT_TEXT = re.compile(r"^(true|false|null|none|n/?a|nat|~|yes|no|on|off|y|n|\.?nan|\.inf)$", re.IGNORECASE)
"""What is no text to YAML, or looks so to people."""

_DOMAIN = [
    "# domain: ECOMMERCE    # or VIDEO_ON_DEMAND: recommenders that answer in real time. Requires EVENT_TYPE and, of",
    "#                      # items, PRICE and CATEGORY_L1, or GENRES and CREATION_TIMESTAMP",
]
_BOUGHT = ("purchase", "buy", "bought", "order", "transaction", "pay", "支付", "购买", "watch", "play")


def document(draft: Draft, *, name: str, raw: str, schema: str | None) -> str:
    """Return the text of a pipeline file.

    Args:
        draft: what it says.
        name: of the pipeline.
        raw: where the data lie now.
        schema: path of the JSON Schema from the file, for editors; None to leave it out.
    """
    lines = [f"# yaml-language-server: $schema={schema}"] if schema else []
    lines += comment(f"Drafted by pipelines init from {raw}. What it guessed is told beside it: read it once.")
    lines += [f"name: {name}", "description: Recommendations for every user", ""]
    if draft.unsure:
        lines += ["# Look at these:"]
        for text in draft.unsure:
            lines += comment(text, first="# - ", indent="#   ")
        lines.append("")
    lines.append("# schedule: {expression: cron(0 3 * * ? *), timezone: Europe/Lisbon}    # left out: by hand only")
    lines += _DOMAIN
    lines += ["", "datasets:"]
    for part in draft.parts:
        lines += [*_part(part), ""]
    lines += _solutions(draft)
    if draft.unused:
        lines += ["", "# Not used:"]
        for each in draft.unused:
            lines += comment(f"{each.name}: {each.why}", first="# - ", indent="#   ")
    return "\n".join(lines) + "\n"


def comment(text: str, *, first: str = "# ", indent: str = "# ") -> list[str]:
    """Return a text as lines of a comment, the first of which begins with `first`, the others with `indent`."""
    clean = _clean(text)
    return textwrap.wrap(clean, WIDTH, initial_indent=first, subsequent_indent=indent, break_long_words=False)


def _clean(text: str) -> str:
    """Return a text as a comment may have it: on one line, without what YAML refuses and terminals obey."""
    return "".join(character for character in " ".join(text.split()) if character.isprintable())


def _part(part: Part) -> Iterator[str]:
    for text in part.remarks:
        yield from comment(f"{text}.", first="  # ", indent="  # ")
    yield f"  {part.dataset}:"
    yield from _source(part)
    yield from _lookups(part)
    if part.keep:
        yield f"    keep: {_scalar(part.keep)}{_note(part.why_keep)}"
    others = [(name, _line(name, form, note)) for name, form, note in part.others]
    yield from (f"    # {line}" for name, line in others if name == "keep")
    yield "    columns:"
    for column in part.columns:
        yield _column(column)
    yield from (f"      # {line}" for name, line in others if name != "keep")
    if part.duplicates:
        yield f"    duplicates: {flow(part.duplicates)}"


def _source(part: Part) -> Iterator[str]:
    keys = source_keys(part)
    line = f"    source: {flow(keys)}"
    where = "under raw/ in the pipeline's bucket"
    if len(line) + len(where) < WIDTH:
        yield f"{line}    # {where}" if part.dataset == "interactions" else line
        return
    yield f"    source:{_note(where)}"
    for key, value in keys.items():
        yield from _folded(f"      {key}: ", value)


def _lookups(part: Part) -> Iterator[str]:
    read = [column.form if isinstance(column.form, str) else str(column.form) for column in part.columns]
    read.append(part.keep or "")
    lookups = [each for each in part.table.lookups if any(f"{each.name}." in text for text in read)]
    if lookups:
        yield "    lookups:"
    for each in lookups:
        keys = {"source": _keys_of(each.source, part.nulls), "key": each.key}
        yield f"      {each.name}: {flow(keys | ({} if each.on == each.key else {'on': each.on}))}"


def _folded(begin: str, value: Any) -> Iterator[str]:
    """Yield a key on several lines, where its list is long."""
    line = begin + flow(value)
    if len(line) <= WIDTH or not isinstance(value, list):
        yield line
        return
    indent = " " * (len(begin) - len(begin.lstrip()) + 2)
    pieces = ", ".join(flow(each) for each in value)
    yield f"{begin}["
    for wrapped in _wrapped([flow(each) for each in value], WIDTH - len(indent)) if pieces else ():
        yield indent + wrapped
    yield f"{indent[:-2]}]"


def _wrapped(pieces: Iterable[str], width: int) -> Iterator[str]:
    line = ""
    for piece in pieces:
        if line and len(line) + len(piece) + 2 > width:
            yield line
            line = ""
        line += f"{piece}, "
    yield line.rstrip(" ,")


def source_keys(part: Part) -> dict[str, Any]:
    """Return what a dataset's source says, without what goes without saying."""
    source = part.table.source
    keys = _keys_of(source, part.nulls)
    if source.explode is not None and _reads_elements(part, source.explode.path):
        explode = source.explode
        keys["explode"] = explode.path
        if explode.split is not None:
            keys["explode"] = {"from": explode.path, "split": explode.split}
        if explode.fields:
            keys["explode"] |= {"fields": explode.fields, "between": explode.between}
    return keys


def _keys_of(source: Source, nulls: Sequence[str]) -> dict[str, Any]:
    """Return how a table is read, but for lists."""
    dialect = source.dialect
    keys: dict[str, Any] = {"path": source.path, "format": source.format}
    if source.format != "parquet" and source.encoding != "utf-8":
        keys["encoding"] = source.encoding
    if source.format == "csv":
        given = {
            "delimiter": (dialect.delimiter, ","),
            "quote": (dialect.quote or "none", '"'),
            "escape": (dialect.escape, None),
            "skip_lines": (dialect.skip_lines, 0),
            "comment": (dialect.comment, None),
        }
        keys |= {key: value for key, (value, usual) in given.items() if value != usual}
        if source.header:
            keys["header"] = list(source.header)
    if nulls:
        keys["nulls"] = list(nulls)
    return keys


def _reads_elements(part: Part, path: str) -> bool:
    """Say whether a dataset is one of the elements of a list; users are not, who stand beside it."""
    forms = [column.form if isinstance(column.form, str) else column.form.get("from", "") for column in part.columns]
    return any(form == path or form.startswith(f"{path}.") for form in forms)


def _column(column: Column) -> str:
    return f"      {'# ' if column.off else ''}{_line(column.name, column.form, column.note)}"


def _line(name: str, form: Any, note: str) -> str:
    return f"{_scalar(name)}: {flow(form)}{_note(note)}"


def _note(text: str) -> str:
    clean = _clean(text)
    return f"    # {clean}" if clean else ""


def flow(value: Any) -> str:
    """Return a value as YAML on one line."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_scalar(str(key))}: {flow(each)}' for key, each in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(flow, value))}]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    """Return a text as YAML has it, in quotes where it would be taken for something else."""
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and not _NOT_TEXT.match(value) and value == value.strip() and " #" not in value:
        return value
    return json.dumps(value, ensure_ascii=not value.isprintable())


def _solutions(draft: Draft) -> list[str]:
    used = {column.name: column for column in draft.parts[0].columns if not column.off}
    lines = [
        "solutions:",
        "  - name: for-you",
        "    recipe: aws-user-personalization-v2",
    ]
    if "EVENT_TYPE" in used:
        lines.append(f"    # event_type: {_bought(used['EVENT_TYPE'].note):<28}# learn from this one only")
    if "EVENT_VALUE" in used:
        lines.append("    # event_value_threshold: 4              # learn from values at or above this only")
    lines += [
        "    unchanged_data: skip                    # nothing new: no training is paid",
        "    batch_inference:",
        "      - {name: top25, users: all, num_results: 25}",
        "  # - name: similar                         # for each item those that go with it",
        "  #   recipe: aws-similar-items",
        "  #   batch_inference: [{name: top25, num_results: 25}]",
    ]
    return lines


def _bought(values: str) -> str:
    """Return which of the event types is most like a choice."""
    types = values.split(", ")
    chosen = next((name for word in _BOUGHT for name in types if word in name.lower()), types[0])
    return flow(chosen)
