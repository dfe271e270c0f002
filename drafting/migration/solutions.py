"""The `solutions` section of a pipeline file from solutions, their campaigns and their batch jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from definition.service.recipes import LEGACY_RECIPES, RECIPES
from drafting.migration.naming import solution_name
from drafting.migration.realtime import campaign, settings
from drafting.migration.training import COUNTERPART, training

if TYPE_CHECKING:
    from definition.service.recipes import Recipe
    from drafting.migration.found import Found, FoundSolution, Request


def solutions(found: Found, pipeline: str, filters: list[dict[str, Any]], notes: list[str]) -> list[dict[str, Any]]:
    """Return the section; solutions that no run can train, and what their jobs have besides, are noted.

    Args:
        found: what there is.
        pipeline: its name.
        filters: the section of the pipeline file, in the order of those found.
        notes: is added to.
    """
    names = {
        str(request.get("filterArn", request["name"])): str(given["name"])
        for request, given in zip(found.filters, filters, strict=True)
    }
    section: list[dict[str, Any]] = []
    for each in found.solutions:
        name = solution_name(each.request["name"], (other["name"] for other in section), pipeline)
        if solution := _solution(name, each, names, notes):
            section.append(solution)
    return section


def _solution(name: str, found: FoundSolution, filters: dict[str, str], notes: list[str]) -> dict[str, Any] | None:
    place = f"solution {found.request['name']}"
    chosen = (found.request.get("autoMLResult") or {}).get("bestRecipeArn")
    named = str(found.request.get("recipeArn") or chosen or "").rpartition("/")[2]
    recipe = RECIPES.get(LEGACY_RECIPES.get(named, named))
    if recipe is None or recipe.needs_actions:
        instead = f"; {COUNTERPART}" if found.request.get("performAutoML") else ""
        notes.append(f"{place}: left out, for no pipeline trains {named or 'a solution without recipe'}{instead}")
        return None
    if recipe.name != named:
        notes.append(f"{place}: {recipe.name} in the place of {named}, which is no longer offered")
    given: dict[str, Any] = {"name": name, "recipe": recipe.name} | training(found.request, place, notes)
    if found.request.get("solutionVersion", {}).get("trainingMode") == "UPDATE":
        given |= {"training_mode": "update"} if recipe.updates else {}
    if found.campaigns:
        given["campaign"] = campaign(found.campaigns[0])
        notes += [f"{place}: campaign {each.get('name')}; a solution has one" for each in found.campaigns[1:]]
    others = found.batch_segment if recipe.batch_input else found.batch_inference
    notes += [f"{place}: a batch job that {recipe.name} has not" for _ in others]
    if recipe.batch_input or recipe.segment_input:
        jobs = _jobs(found, recipe, filters, place, notes)
        if jobs:
            given["batch_inference" if recipe.batch_input else "batch_segment"] = jobs
        elif not found.campaigns and recipe.batch_input != "ranking" and recipe.segment_input != "attributes":
            line = recipe.batch_input or recipe.segment_input
            notes.append(f"{place}: had neither campaign nor batch job; it scores all {line}s now, which is billed")
            key = "batch_inference" if recipe.batch_input else "batch_segment"
            given[key] = [{"name": "all", f"{line}s": "all"}]
    return given


def _jobs(
    found: FoundSolution, recipe: Recipe, filters: dict[str, str], place: str, notes: list[str]
) -> list[dict[str, Any]]:
    requests = found.batch_inference if recipe.batch_input else found.batch_segment
    jobs: list[dict[str, Any]] = []
    for request in requests:
        if recipe.batch_input == "ranking":
            notes.append(f"{place}: a batch job; write batch_inference with the items to rank for each user")
        elif recipe.segment_input == "attributes":
            notes.append(f"{place}: a batch job; write batch_segment with its queries as attributes")
        else:
            jobs.append(_job(request, recipe, filters, place, notes, number=len(jobs) + 1))
    return jobs


def _job(
    request: Request, recipe: Recipe, filters: dict[str, str], place: str, notes: list[str], *, number: int
) -> dict[str, Any]:
    line = f"{recipe.batch_input or recipe.segment_input}s"
    job: dict[str, Any] = {"name": "all" if number == 1 else f"all-{number}", line: "all"}
    if request.get("numResults"):
        job["num_results"] = request["numResults"]
    if named := request.get("filterArn"):
        # A configuration names a filter by its name.
        name = filters.get(named) or filters.get(named.rpartition("/")[2])
        job |= {"filter": name} if name else {}
        notes += [] if name else [f"{place}: the filter {named} of a batch job is not there"]
    read = request.get("jobInput", {}).get("s3DataSource", {}).get("path", "a file of its own")
    notes.append(f"{place}: a batch job read {read}; {line}: all, or {{file: …, column: …}}, takes its place")
    job |= settings(request.get("batchInferenceJobConfig") or {})
    if request.get("batchInferenceJobMode") == "THEME_GENERATION":
        notes.append(f"{place}: themes of a batch job; write themes_from with the column of titles")
    return job
