"""What runs in a job's process: the script, as `__main__`. Standard library only.

Called as `python -S -P bootstrap.py RESULT SCRIPT ARGUMENT...`: runs the script, then writes the file RESULT as
`{"error": text or null}`. No result file means that the process ended before the script did.
"""

import json
import os
import runpy
import site
import sys
import traceback
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType, TracebackType

_LONGEST = 4000


class NoGlueLibrary:
    """Says why Glue's own Python library cannot be imported."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Refuse `awsglue`; know nothing of other modules.

        Raises:
            ModuleNotFoundError: it is Glue's library.
        """
        del path, target
        if name.partition(".")[0] == "awsglue":
            raise ModuleNotFoundError(
                "No module named 'awsglue': the embedded AWS has pyspark without Glue's library; use SparkSession and "
                "sys.argv",
                name=name,
            )
        return None


def run(script: str) -> str | None:
    """Run the script; return its error in one line, None if it ended well."""
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as end:
        if end.code in {None, 0}:
            return None
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)  # noqa: T201  # as the interpreter does
        return f"SystemExit: {end.code}"
    except BaseException as error:  # noqa: BLE001  # whatever a script raises is the run's result
        traceback.print_exception(type(error), error, _own(error.__traceback__, script))
        return summary(error)
    return None


def summary(error: BaseException) -> str:
    """Return an error as Glue shows it: its class and message without Java's stack."""
    lines = str(error).splitlines()
    end = next((at for at, line in enumerate(lines) if line.startswith(("\tat ", "JVM stacktrace"))), len(lines))
    message = " ".join(line.strip().removeprefix(": ") for line in lines[:end] if line.strip())
    kind = type(error).__name__
    text = message if kind == "Py4JJavaError" else f"{kind}: {message}" if message else kind
    return text[:_LONGEST]


def stop_spark() -> None:
    """End Spark and wait for its Java process, which would outlive this one and its folder."""
    pyspark = sys.modules.get("pyspark")
    if pyspark is None:
        return
    context = pyspark.SparkContext
    if context._active_spark_context is not None:  # noqa: SLF001  # pyspark has no public way
        context._active_spark_context.stop()  # noqa: SLF001  # as above
    if context._gateway is not None:  # noqa: SLF001  # as above
        context._gateway.shutdown()  # noqa: SLF001  # as above
        context._gateway.proc.stdin.close()  # noqa: SLF001  # as above
        context._gateway.proc.wait()  # noqa: SLF001  # as above


def _own(trace: TracebackType | None, script: str) -> TracebackType | None:
    """Return the part of a trace that begins in the script."""
    while trace is not None and trace.tb_frame.f_code.co_filename != script:
        trace = trace.tb_next
    return trace


def main() -> None:
    """Run one job."""
    result, script, *arguments = sys.argv[1:]
    sys.argv = [script, *arguments]
    sys.path.insert(0, os.path.dirname(script))  # noqa: PTH120  # keeps the start cheap
    sys.meta_path.insert(0, NoGlueLibrary)
    site.setquit()  # -S leaves exit() and quit() out
    error = run(script)
    stop_spark()
    sys.stdout.flush()
    partial = result + ".partial"
    with open(partial, "w", encoding="utf-8") as file:  # noqa: PTH123  # as above
        json.dump({"error": error}, file)
    os.replace(partial, result)  # noqa: PTH105  # as above
    sys.exit(0 if error is None else 1)


if __name__ == "__main__":
    main()
