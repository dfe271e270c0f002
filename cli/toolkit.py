"""The CDK's command line: what is asked of it, and a synthesis that goes on while something else is done."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from cli.errors import CommandError
from definition.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# Node comes with this environment, whether or not it is activated.
_OWN_TOOLS = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
# No colours, and no word to anybody: neither for the newest version nor with telemetry of what is deployed here.
_QUIET = {"CDK_DISABLE_VERSION_CHECK": "1", "CDK_DISABLE_CLI_TELEMETRY": "true", "NO_COLOR": "1"}
# The app asks no AWS for anything, and the CDK shall not look for an account either.
_ALONE = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_REGION": "us-east-1",
}

PACKAGE = ROOT / "node_modules" / "aws-cdk"
"""The CDK's command line, of the version that the project pins."""

_CDK = ROOT / "node_modules" / ".bin" / "cdk"
_APP = ROOT / "app.py"

_METADATA = {
    "aws:cdk:enable-path-metadata": True,
    "aws:cdk:enable-asset-metadata": True,
    "aws:cdk:disable-version-reporting": True,
    "aws:cdk:bundling-stacks": ["**"],
}
"""What the command line adds to the context of cdk.json."""


def cdk(*arguments: str, environment: Mapping[str, str], say: Callable[[str], None], folder: Path = ROOT) -> None:
    """Run the CDK command line in ``folder`` and hand each line it prints to ``say``.

    Raises:
        CommandError: it failed; the error holds the end of what it printed.
    """
    if not _CDK.exists():
        raise CommandError(f"{_CDK} is missing", remedy="Run `make setup`")
    with _begun([_CDK, *arguments], environment={**os.environ, **environment}, folder=folder) as process:
        _finish(process, arguments[0], say)


def context(pipeline_file: Path, stage: str, *, keep_data: bool) -> tuple[str, ...]:
    """Return the options that tell the app which pipeline it is about."""
    values = _told(pipeline_file, stage, keep_data=keep_data).items()
    return tuple(part for key, value in values for part in ("--context", f"{key}={value}"))


def _told(pipeline_file: Path, stage: str, *, keep_data: bool) -> dict[str, str]:
    return {"pipeline": str(pipeline_file), "stage": stage, **({} if keep_data else {"keep_data": "false"})}


class Synthesis(AbstractContextManager["Synthesis"]):
    """The synthesis of a pipeline's stacks: it begins when it is made, and leaving the context ends it.

    The app is started as the CDK's command line starts it (its developer guide, page apps), which would take a second
    of its own for nothing.

    Args:
        pipeline_file: the pipeline file.
        stage: part of every name.
        keep_data: whether the bucket survives ``cdk destroy``.
        examined: whether the CDK looks for what CloudFormation would refuse, which takes half of the processor's time.

    Raises:
        CommandError: the CDK is not there.
    """

    def __init__(self, pipeline_file: Path, stage: str, *, keep_data: bool = True, examined: bool = True) -> None:
        self._folder = tempfile.TemporaryDirectory()
        given = json.loads((ROOT / "cdk.json").read_text())["context"]
        told = {**given, **_METADATA, **_told(pipeline_file, stage, keep_data=keep_data)}
        asked = {} if examined else {"CDK_VALIDATION": "false"}
        own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment = {**own, **_ALONE, **asked, "CDK_OUTDIR": self._output, "CDK_CONTEXT_JSON": json.dumps(told)}
        self._process = _begun([sys.executable, _APP], environment=environment, own_group=True)

    @property
    def group(self) -> int:
        """Process group of the app and of what it begins: the CDK's constructs in Node."""
        return self._process.pid

    @property
    def _output(self) -> str:
        return f"{self._folder.name}/cdk.out"

    def assembly(self, say: Callable[[str], None]) -> str:
        """Wait for its end, and return the folder of the cloud assembly, which is there until the context is left.

        Raises:
            CommandError: it failed.
        """
        _finish(self._process, "synth", say)
        return self._output

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            os.killpg(self.group, signal.SIGKILL)
        with self._process:
            pass
        self._folder.cleanup()


def _begun(
    command: Sequence[str | Path], *, environment: Mapping[str, str], folder: Path = ROOT, own_group: bool = False
) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603  # our own pinned CDK, and our app
        command,
        cwd=folder,
        env={**environment, **_OWN_TOOLS, **_QUIET},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=own_group,
        text=True,
    )


def _finish(process: subprocess.Popen[str], name: str, say: Callable[[str], None]) -> None:
    printed: list[str] = []
    for line in process.stdout or ():
        printed.append(line.rstrip())
        say(printed[-1])
    if process.wait():
        # The summary at the end says what failed; the events before it are hundreds of lines.
        summary = printed.index("Failed resources:") if "Failed resources:" in printed else -15
        text = "\n".join(printed[summary:])
        raise CommandError(f"cdk {name} failed:\n{text}", remedy="Mend what it names and run again")
