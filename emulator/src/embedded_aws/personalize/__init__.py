"""Amazon Personalize on this machine: a moto backend that really imports, trains and answers.

`urls`, `responses`, `models` and `exceptions` are what every moto service has. A request is checked by `validation`
(the service model's constraints) and answered by one of three services: `control` with `operations`, `runtime`, and
`events`. `kinds` says as data what kinds of resources there are and how they live, `progress` how fast they pass from
status to status, `resources` is one of them, `contents` what a dataset holds.

Jobs do their work in `importing`, `exporting`, `deleting` (which reach S3 through `storage`), `training` (with
`selection`, `recipes`, `tuning` and `metrics`) and `batch`. Questions to a trained model, in batch or in real time, go
through `asking`, with `filters` over the data in `views`.

`faults` is a door for tests, `cloudformation` the resource types, `choices` what the service's documents leave open,
`coverage` the table of what is emulated.
"""

from embedded_aws.personalize import progress


def install() -> None:
    """Make what is set for the kinds of resources as it is at first; `server` imports what teaches moto the service."""
    progress.register()
