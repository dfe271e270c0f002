"""Rules of what answers in real time: what its recipe offers, and data that must be there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from definition.plan import names
from definition.rules.findings import Finding, duplicates, items, long_name, mapped_columns, mapping
from definition.rules.training import NUMERIC, check_training_columns
from definition.service.dataset_types import dataset_type
from definition.service.limits import MAX_RECOMMENDERS
from definition.service.recipes import RECIPES, USE_CASES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from definition.rules.findings import Path
    from definition.service.dataset_types import DatasetName, Domain
    from definition.service.recipes import Recipe, UseCase


def check_campaign(path: Path, solution: dict[str, Any], recipe: Recipe, datasets: dict[str, Any]) -> Iterator[Finding]:
    """Yield every broken rule of a solution's campaign.

    Args:
        path: of the campaign.
        solution: the solution in the document.
        recipe: its recipe.
        datasets: the datasets in the document.
    """
    if solution.get("campaign") is None:
        return
    if not recipe.has_campaigns:
        yield Finding(path, f"{recipe.name} finds segments of users, in batch only", "Remove it")
        return
    campaign = mapping(solution["campaign"])
    yield from check_settings(path, campaign, recipe)
    yield from check_metadata((*path, "metadata"), campaign, datasets)
    quality = mapping(solution.get("quality"))
    if campaign.get("sync_with_latest") is True and quality and quality.get("on_miss") != "warn":
        what = "the service would serve also versions that quality refuses"
        yield Finding((*path, "sync_with_latest"), what, "Remove it, or let quality only warn with on_miss: warn")


def check_settings(path: Path, given: dict[str, Any], recipe: Recipe) -> Iterator[Finding]:
    """Find what a campaign or batch job sets and its recipe has not."""
    for key, trait in (("exploration", "takes_exploration"), ("ranking_influence", "takes_ranking_influence")):
        if given.get(key) is not None and not getattr(recipe, trait):
            those = " and ".join(each.name for each in RECIPES.values() if getattr(each, trait))
            yield Finding((*path, key), f"{recipe.name} has no such setting", f"Remove it; {those} has")


def check_metadata(path: Path, given: dict[str, Any], datasets: dict[str, Any]) -> Iterator[Finding]:
    """Find metadata that is wanted of items that are not there."""
    if given.get("metadata") is True and "items" not in datasets:
        yield Finding(path, "metadata are columns of items", "Add datasets.items")


def check_recommenders(
    pipeline: Any, given: list[Any], domain: Domain | None, datasets: dict[str, Any]
) -> Iterator[Finding]:
    """Yield every broken rule of the recommenders.

    Args:
        pipeline: name of the pipeline.
        given: the recommenders in the document.
        domain: of the dataset group.
        datasets: the datasets in the document.
    """
    recommenders = [mapping(each) for each in given]
    yield from duplicates(("recommenders",), recommenders)
    if recommenders and domain is None:
        remedy = "Add domain: ECOMMERCE or domain: VIDEO_ON_DEMAND; solutions run in those, too"
        yield Finding(("recommenders",), "there are none in a custom dataset group", remedy)
    if len(recommenders) > MAX_RECOMMENDERS:
        what = f"are {len(recommenders)}, and a dataset group has at most {MAX_RECOMMENDERS}"
        yield Finding(("recommenders",), what, "Declare fewer")
    for index, recommender in enumerate(recommenders):
        path: Path = ("recommenders", index)
        if isinstance(pipeline, str):
            length = names.longest_recommender(pipeline, str(recommender.get("name", "")))
            yield from long_name((*path, "name"), length, "pipeline, stage and hash")
        yield from check_metadata((*path, "metadata"), recommender, datasets)
        columns: dict[str, dict[str, Any]] = {"interactions": {}, "items": {}, "users": {}} | mapped_columns(datasets)
        yield from check_training_columns(path, recommender, columns)
        if case := USE_CASES.get(str(recommender.get("recipe"))):
            yield from _check_use_case(path, recommender, case, domain, datasets)


def _check_use_case(
    path: Path, recommender: dict[str, Any], case: UseCase, domain: Domain | None, datasets: dict[str, Any]
) -> Iterator[Finding]:
    if domain is not None and domain != case.domain:
        those = ", ".join(each.name for each in USE_CASES.values() if each.domain == domain)
        yield Finding((*path, "recipe"), f"{case.name} is of the domain {case.domain}", f"Use one of {those}")
    if case.needs_items and "items" not in datasets:
        yield Finding((*path, "recipe"), f"{case.name} trains on items", "Add datasets.items")
    if recommender.get("exploration") is not None and not case.takes_exploration:
        those = " and ".join(each.name for each in USE_CASES.values() if each.takes_exploration)
        yield Finding((*path, "exploration"), f"{case.name} has no such setting", f"Remove it; {those} have")
    there = _event_types(mapping(datasets.get("interactions")))
    if case.event_type is not None and there is not None and case.event_type not in there:
        told = ", ".join(sorted(there))
        what = f"{case.name} learns from events of the type {case.event_type}, and EVENT_TYPE will be {told}"
        yield Finding((*path, "recipe"), what, f"Map the events it is about to {case.event_type}, spelled like this")


def _event_types(interactions: dict[str, Any]) -> set[str] | None:
    """Return the values that EVENT_TYPE can have, None where they depend on the raw data."""
    columns = mapping(interactions.get("columns"))
    variants = [mapping(mapping(event).get("columns")) for event in items(interactions.get("events"))] or [{}]
    found: set[str] = set()
    for variant in variants:
        form = mapping((columns | variant).get("EVENT_TYPE"))
        otherwise = form.get("otherwise", "reject")
        if "value" in form:
            found.add(str(form["value"]))
        elif "map" in form and otherwise != "keep":
            found |= {str(value) for value in mapping(form["map"]).values()}
            found |= set() if otherwise in {None, "reject", "null"} else {str(otherwise)}
        else:
            return None
    return found


_SUM = re.compile(r"SUM\((Items|Interactions)\.([A-Za-z_][A-Za-z0-9_]*)\)", re.IGNORECASE)
_COUNT = re.compile(r"SAMPLECOUNT\(\)", re.IGNORECASE)


def check_attribution(
    given: dict[str, Any], domain: Domain | None, columns: Mapping[str, dict[str, Any]]
) -> Iterator[Finding]:
    """Yield every broken rule of the metric attribution.

    Args:
        given: the metric attribution in the document.
        domain: of the dataset group.
        columns: mapped columns of each dataset in the document.
    """
    path: Path = ("metric_attribution",)
    if given and "EVENT_TYPE" not in columns.get("interactions", {}):
        yield Finding(path, "needs the column EVENT_TYPE", "Map EVENT_TYPE in datasets.interactions.columns")
    metrics = [mapping(each) for each in items(given.get("metrics"))]
    yield from duplicates((*path, "metrics"), metrics)
    for index, metric in enumerate(metrics):
        place = (*path, "metrics", index, "expression")
        expression = str(metric.get("expression", "")).replace(" ", "")
        summed = _SUM.fullmatch(expression)
        if summed:
            name: DatasetName = "items" if summed[1].lower() == "items" else "interactions"
            if not _is_numeric(name, summed[2], domain, columns):
                remedy = f"Map it in datasets.{name}.columns with type {' or '.join(NUMERIC)}"
                yield Finding(place, f"{summed[2]} is no numeric column of {name}", remedy)
        elif not _COUNT.fullmatch(expression):
            remedy = "Write SUM(Items.COLUMN), SUM(Interactions.COLUMN) or SAMPLECOUNT()"
            yield Finding(place, f"'{metric.get('expression')}' is no such expression", remedy)


def _is_numeric(
    dataset: DatasetName, column: str, domain: Domain | None, columns: Mapping[str, dict[str, Any]]
) -> bool:
    form = columns.get(dataset, {}).get(column)
    field = dataset_type(dataset, domain).fields.get(column)
    kind = field.type if field else mapping(form).get("type")
    return form is not None and kind in NUMERIC
