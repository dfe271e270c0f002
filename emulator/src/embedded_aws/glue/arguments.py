"""What a run's script gets as arguments, and which of them Glue itself consumes.

Sources: Glue developer guide, page aws-glue-programming-etl-glue-arguments; API reference, StartJobRun.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

_MODULES: Final = "--additional-python-modules"
_SET_UP: Final = {"--extra-py-files", "--conf", "--scriptLocation", "--job-language", _MODULES}
_NOT_EMULATED: Final = {
    "--class",
    "--customer-driver-env-vars",
    "--customer-executor-env-vars",
    "--datalake-formats",
    "--enable-glue-datacatalog",
    "--extra-files",
    "--extra-jars",
    "--python-modules-installer-option",
    "--user-jars-first",
}


@dataclass(frozen=True)
class Arguments:
    """A run's arguments, sorted by who reads them.

    `script` is what the script finds in `sys.argv[1:]`, `location` the `s3://` URL of another script than the job's,
    `libraries` the URLs of `--extra-py-files`, `modules` the requirements of `--additional-python-modules`, `spark` the
    settings of `--conf`.
    """

    script: tuple[str, ...]
    location: str | None = None
    libraries: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    spark: Mapping[str, str] = field(default_factory=dict)


def merged(*layers: Mapping[str, str] | None) -> dict[str, str]:
    """Return the layers as one; later ones win."""
    return {key: str(value) for layer in layers for key, value in (layer or {}).items()}


def sorted_out(given: Mapping[str, str], *, job_name: str, run_id: str) -> Arguments:
    """Return the arguments of a run.

    Glue adds `--JOB_NAME`, `--JOB_ID` and `--JOB_RUN_ID` to what the job and the run give; names may be given without
    their dashes.

    Raises:
        NotImplementedError: one asks for what is not emulated.
        ValueError: `--conf` is not of the form `key=value --conf key=value`.
    """
    named = {key if key.startswith("--") else f"--{key}": value for key, value in given.items()}
    refused = sorted(_NOT_EMULATED & named.keys())
    if refused or named.get("--job-language", "python") != "python":
        raise NotImplementedError(f"Glue's {', '.join(refused) or '--job-language ' + named['--job-language']}")
    added = {"--JOB_ID": f"j_{job_name}", "--JOB_RUN_ID": run_id, "--JOB_NAME": job_name}
    passed = {**{key: value for key, value in named.items() if key not in _SET_UP}, **added}
    return Arguments(
        script=tuple(text for pair in passed.items() for text in pair),
        location=named.get("--scriptLocation"),
        libraries=_listed(named.get("--extra-py-files", "")),
        modules=_listed(named.get(_MODULES, "")),
        spark=_settings(named.get("--conf", "")),
    )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _settings(conf: str) -> dict[str, str]:
    settings = {}
    for part in conf.split("--conf"):
        key, equals, value = part.strip().partition("=")
        if part.strip() and not (equals and key):
            raise ValueError(f"--conf must be of the form key=value --conf key=value: {conf}")
        if part.strip():
            settings[key] = value
    return settings
