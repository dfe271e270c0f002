"""Answers on the terminal, as tables beside each other, or as JSON for programs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.columns import Columns
from rich.markup import escape

from cli.tables import FittedTable

if TYPE_CHECKING:
    from cli.live.ask import Answer, Result
    from cli.live.history import Interaction
    from cli.view import View


def as_json(answer: Answer) -> str:
    """Return an answer as JSON; times are ISO 8601 in UTC."""
    source, labels = answer.source, {} if answer.source.finds_users else answer.labels
    interactions = answer.interactions
    document = {
        "answered_by": {"kind": source.kind, "name": source.name, "recipe": source.recipe, "arn": answer.arn},
        "table": None if answer.published is None else {"run": answer.run, "published": _stamp(answer.published)},
        "user": answer.question.user,
        "items": list(answer.question.items),
        "results": [_result(each, labels) for each in answer.results],
        "before": None if answer.before is None else [_result(each, labels) for each in answer.before],
        "event": None if answer.event is None else _interaction(answer.event, answer.labels),
        "interactions": None if interactions is None else [_interaction(each, answer.labels) for each in interactions],
        "notes": answer.notes,
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _result(result: Result, labels: dict[str, str]) -> dict[str, Any]:
    return {"rank": result.rank, "id": result.id, "label": labels.get(result.id), "score": result.score}


def _interaction(each: Interaction, labels: dict[str, str]) -> dict[str, Any]:
    return {"at": _stamp(each.at), "item": each.item, "label": labels.get(each.item), "event_type": each.event_type}


def show(answer: Answer, view: View) -> None:
    """Print who answered, the results beside the user's last interactions, and what to know about them."""
    view.console.print(f"[bold]{escape(_heading(answer))}[/bold]", highlight=False, soft_wrap=True)
    tables = [_results(answer)]
    if answer.interactions or answer.event:
        tables.append(_interactions(answer))
    view.console.print(Columns(tables, padding=(0, 3)))
    for note in answer.notes:
        view.look(note)


def _heading(answer: Answer) -> str:
    source, question = answer.source, answer.question
    asked = []
    if question.user is not None:
        asked.append(f"user {question.user}")
    if question.items:
        items = [answer.labels.get(each, each) for each in question.items]
        asked.append(f"item {items[0]}" if len(items) == 1 else f"{len(items)} items to rank")
    whom = f", for {' and '.join(asked)}" if asked else ""
    if answer.published is None:
        return f"{source} ({source.recipe}){whom}"
    published = f"{answer.published.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return f"{source} ({source.recipe}) of run {answer.run}, published {published}, not in real time{whom}"


def _results(answer: Answer) -> FittedTable:
    users, scored = answer.source.finds_users, any(each.score is not None for each in answer.results)
    labels = {} if users else answer.labels
    before = None if answer.before is None else {each.id: each.rank for each in answer.before}
    table = FittedTable("Users" if users else "Recommended").figures("rank")
    if before is not None:
        table.figures("before")
    table.text("user" if users else "item")
    if labels:
        table.text("title")
    if scored:
        table.figures("score")
    rows = [(str(each.rank), each) for each in answer.results]
    if before is not None:
        there = {each.id for each in answer.results}
        rows += [("gone", each) for each in answer.before or () if each.id not in there]
    for rank, each in rows:
        cells = [rank] if before is None else [rank, moved(before.get(each.id), None if rank == "gone" else each.rank)]
        cells.append(escape(each.id))
        if labels:
            cells.append(escape(labels.get(each.id, "")))
        if scored:
            cells.append("-" if each.score is None else f"{each.score:.4f}")
        table.add_row(*cells, style="bold" if before is not None and before.get(each.id) != each.rank else None)
    return table


def moved(before: int | None, now: int | None) -> str:
    """Return the rank before an event, with how far it moved: ``3 +2`` rose by two, ``new`` was not there."""
    if before is None:
        return "new"
    if now is None or before == now:
        return str(before)
    return f"{before} {before - now:+}"


def _interactions(answer: Answer) -> FittedTable:
    table = FittedTable("Last interactions, as imported").ids("when (UTC)").text("item", "event")
    events = [("just sent", answer.event)] if answer.event else []
    listed = [(f"{each.at.astimezone(UTC):%Y-%m-%d %H:%M}", each) for each in answer.interactions or ()]
    for when, each in [*events, *listed]:
        table.add_row(when, escape(answer.labels.get(each.item, each.item)), escape(each.event_type or "-"))
    return table
