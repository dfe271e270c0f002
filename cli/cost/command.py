"""The commands `pipelines cost` and `pipelines prices` as they are typed; `--help` does without what they do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.arguments import PipelineArgument, check_stage, load_pipeline

PricesOption = Annotated[
    Path | None,
    typer.Option(
        help="Table of prices to take, in YAML or JSON; default prices.json of the project, else the bundled."
    ),
]
RegionOption = Annotated[
    str | None, typer.Option(help="Region whose prices count; default AWS_REGION, AWS_DEFAULT_REGION, else us-east-1.")
]


def cost(
    pipeline: PipelineArgument,
    *,
    raw: Annotated[
        Path | None,
        typer.Option(help="Folder with raw data to count: it is transformed here. Default: bundled samples."),
    ] = None,
    run: Annotated[
        str | None, typer.Option("--run", help="Id of a run whose numbers count, from --out, else from the bucket.")
    ] = None,
    interactions: Annotated[int | None, typer.Option(help="Instead of data: how many interactions.", min=0)] = None,
    users: Annotated[int | None, typer.Option(help="Instead of data: how many users.", min=0)] = None,
    items: Annotated[int | None, typer.Option(help="Instead of data: how many items.", min=0)] = None,
    runs: Annotated[
        int | None, typer.Option("--runs", help="Runs a month; default those of the schedule.", min=0)
    ] = None,
    region: RegionOption = None,
    prices: PricesOption = None,
    stage: Annotated[str, typer.Option(help="Part of every name, to find the bucket.")] = "dev",
    out: Annotated[Path, typer.Option(help="Folder with results of runs.")] = Path("out"),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Say what a pipeline costs: each run and each month, part by part, and what would make it cheaper.

    The numbers come from raw data, which is transformed on this machine as a run would do it, from a run, or from what
    you give; without any of them the prices of each part are shown. What nobody knows is said to be unknown, and is no
    part of a sum. docs/cost.md says what is assumed.

    Example: pipelines cost movielens

    Example: pipelines cost shop.yaml --interactions 25000000 --users 1000000 --runs 30
    """
    from cli.cost.numbers import Numbers  # noqa: PLC0415  # see above
    from cli.cost.reckon import Wishes, tell_cost  # noqa: PLC0415  # see above

    given = {"--raw": raw, "--run": run, "--interactions, --users, --items": _any(interactions, users, items)}
    if len(told := [name for name, value in given.items() if value is not None]) > 1:
        raise typer.BadParameter(f"give one of {' and '.join(told)}: each of them says what the numbers are")
    check_stage(stage)
    loaded, _ = load_pipeline(pipeline)
    numbers = Numbers(raw, run, interactions, users, items, stage, out)
    tell_cost(loaded, numbers, Wishes(region, prices, runs, as_json))


def _any(*numbers: int | None) -> int | None:
    return next((number for number in numbers if number is not None), None)


def prices(
    *,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Read the AWS Price List API and write --out; needs credentials.")
    ] = False,
    region: RegionOption = None,
    table: Annotated[
        Path | None,
        typer.Option("--prices", help="Table to show; default prices.json of the project, else the bundled."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="With --refresh: file to write; default prices.json of the project.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the table as JSON, to begin one of your own.")] = False,
) -> None:
    """Show the prices that `pipelines cost` and max_cost take, each with its day, grade and source.

    With --refresh they are read from the AWS Price List API, for one region. What cannot be matched beyond doubt is
    shown and stays as it was. The file that is written counts from then on, in every command and deployment here.

    Example: pipelines prices --refresh --region eu-west-1
    """
    from cli.cost.prices import refresh_prices, show_prices  # noqa: PLC0415  # see above

    if out is not None and not refresh:
        raise typer.BadParameter("only --refresh writes a file", param_hint="--out")
    if refresh:
        refresh_prices(table, region, out)
    else:
        show_prices(table, region, as_json=as_json)
