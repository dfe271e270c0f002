"""The `embedded-aws` command."""

import argparse
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from embedded_aws.keeping.account import Kept

_PORT: Final = 4566
_HIGHEST_PORT: Final = 65535

_WHAT: Final = (
    """An AWS account in one process, on localhost, for the AWS CLI, boto3, the CDK and whatever else speaks to AWS."""
)

_SERVE: Final = """Keep an AWS up on localhost until Ctrl-C.

It starts empty and forgets everything at the end, unless --keep names a folder for it. Run the `export` lines that it
prints in another terminal: from then on boto3, the AWS CLI and `npx cdk deploy` there talk to it. Only programs on this
machine reach it."""

_EXAMPLES: Final = """examples:
  embedded-aws serve                  on port 4566
  embedded-aws serve --port 0         on a free port, which the printed lines name
  embedded-aws serve --speed 60       a minute of waiting, training or schedules passes in a second
  embedded-aws serve --keep aws       the account is written into the folder aws, and is there again the next time

in Python, without a command: from embedded_aws import EmbeddedAWS"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; return the exit code."""
    given = _parser().parse_args(arguments)
    from embedded_aws import KeepError, PortInUseError  # noqa: PLC0415  # moto takes seconds, --help needs none of it

    try:
        keep_up(given.port, given.speed, lambda line: print(line, flush=True), keep=given.keep)  # noqa: T201  # its purpose
    except PortInUseError as error:
        print(f"embedded-aws: {error}, such as --port 0", file=sys.stderr)  # noqa: T201  # as above
        return 1
    except KeepError as error:
        print(f"embedded-aws: {error}", file=sys.stderr)  # noqa: T201  # as above
        return 1
    return 0


def keep_up(port: int, speed: float, say: Callable[[str], object], *, keep: Path | None = None) -> None:
    """Run the embedded AWS until Ctrl-C or SIGTERM.

    Args:
        port: as of `EmbeddedAWS`.
        speed: as of `EmbeddedAWS`.
        say: gets each line for people, among them the `export` lines with which others reach it.
        keep: as of `EmbeddedAWS`.

    Raises:
        PortInUseError: another program has the port.
        KeepError: the folder cannot be used, or the account not be written.
    """
    from embedded_aws import EmbeddedAWS  # noqa: PLC0415  # as above

    aws = EmbeddedAWS(port=port, speed=speed, keep=keep)
    try:
        with ended_by_signals(), aws, told_at_the_end(keep, say):
            say(f"# The embedded AWS listens on {aws.endpoint_url}. In another terminal:")
            for name, value in aws.environment().items():
                say(f"export {name}={value}")
            if aws.found is not None:
                say(f"# The account of {aws.found:%Y-%m-%d %H:%M} UTC is there again.")
            say("# Ctrl-C ends it.")
            # The signal may reach another thread, so this one wakes up to see it.
            while True:
                time.sleep(0.5)
    except KeyboardInterrupt:
        say("Ended.")
        for line in told_of(aws.kept):
            say(line)


def told_of(kept: "Kept | None") -> Iterator[str]:
    """Yield what there is to tell of an account that was kept: where it is, and each thing that is not in it."""
    if kept is not None:
        yield f"The account is kept in {kept.folder} ({kept.size / 1e6:,.0f} MB, written in {kept.seconds:.1f} s)."
        yield from (f"Not kept as it was: {each}." for each in kept.lost)


@contextmanager
def told_at_the_end(keep: Path | None, say: Callable[[str], object]) -> Iterator[None]:
    """Say at Ctrl-C that an account is being kept, which can take seconds: a second Ctrl-C would lose it."""
    try:
        yield
    except KeyboardInterrupt:
        if keep is not None:
            say(f"Keeping the account in {keep}, as soon as what is under way is done, or after ten seconds.")
        raise


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let the end of the terminal, and other programs that end this one, do what Ctrl-C does; afterwards as before."""

    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _parser() -> argparse.ArgumentParser:
    as_written = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="embedded-aws", description=_WHAT, epilog=_EXAMPLES, formatter_class=as_written
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    serve = commands.add_parser(
        "serve",
        help="keep an AWS up on localhost until Ctrl-C",
        description=_SERVE,
        epilog=_EXAMPLES,
        formatter_class=as_written,
    )
    serve.add_argument(
        "--port", type=_port, default=_PORT, metavar="N", help="port to listen on; 0 takes a free one (default: 4566)"
    )
    serve.add_argument(
        "--speed", type=_speed, default=1.0, metavar="N", help="embedded seconds per second, for all that waits"
    )
    serve.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="keep the account in this folder, and begin with what it holds"
    )
    return parser


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= port <= _HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: give 0 to {_HIGHEST_PORT}")
    return port


def _speed(text: str) -> float:
    return speed_of(text, argparse.ArgumentTypeError)


def speed_of(text: str, refuse: Callable[[str], Exception]) -> float:
    """Return a speed that was written by a person; `refuse` makes the error where it is none."""
    try:
        speed = float(text)
    except ValueError:
        speed = 0
    if not 0 < speed < float("inf"):
        raise refuse(f"{text!r} is no speed: give embedded seconds per second, such as 60")
    return speed


if __name__ == "__main__":
    sys.exit(main())
