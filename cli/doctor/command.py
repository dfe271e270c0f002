"""The command `pipelines doctor`."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.arguments import PipelineArgument, Stage, check_stage, load_pipeline


def doctor(
    pipeline: PipelineArgument,
    *,
    stage: Stage = "dev",
    as_document: Annotated[bool, typer.Option("--json", help="Print the findings as JSON, for programs.")] = False,
) -> None:
    """Look whether an account is ready for a pipeline, or what is wrong with its deployment. Nothing is written.

    Looks at credentials, region, CDK bootstrap, quotas and their use, names that are taken, Lambda concurrency, and of
    a deployment at its stacks, raw data, schedule, last run, subscribers and dead letters. What your credentials may
    not read is a warning that names the permission. The usual AWS environment says where.

    Exit code: 0 without failures (warnings are allowed), 1 with one (it would stop a deployment or a run), 2 if the
    command is used wrongly.

    Example: pipelines doctor movielens --stage prod

    Example: pipelines doctor movielens --json | jq '.findings[] | select(.level != "OK")'
    """
    # Not for `pipelines --help`: see cli/main.py.
    from cli.account import session, told  # noqa: PLC0415  # as said
    from cli.doctor.examination import Examination  # noqa: PLC0415  # as said
    from cli.doctor.examine import examine  # noqa: PLC0415  # as said
    from cli.doctor.findings import Level  # noqa: PLC0415  # as said
    from cli.doctor.show import as_json, show  # noqa: PLC0415  # as said
    from cli.terminal import plain  # noqa: PLC0415  # as said
    from cli.view import View  # noqa: PLC0415  # as said

    view = View()
    loaded, file = load_pipeline(pipeline)
    check_stage(stage)
    with told(view):
        examination = Examination(loaded, file, stage, session())
        findings = list(examine(examination))
    if as_document:
        typer.echo(plain(as_json(examination, findings)))
    else:
        show(examination, findings, view.console)
    raise typer.Exit(1 if any(finding.level is Level.FAILURE for finding in findings) else 0)
