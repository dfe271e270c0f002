"""Spark for a run: whether this machine has it, and its configuration.

Glue 5.1 is Spark 3.5.6 on Python 3.11 and Java 17 (Glue developer guide, release notes). Here Spark runs in one process
with two threads, `local[2]`, and without its web interface.

`s3://bucket/...` leads to a local folder by Hadoop's ViewFileSystemOverloadScheme: the scheme's file system is a table
of mounts, one for each bucket (Hadoop documentation, page ViewFsOverloadScheme). Files are written without Hadoop's
checksum files, as on S3.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

GLUE_VERSIONS: Final = ("5.0", "5.1")
_SPARK: Final = "3.5"
_JAVA: Final = 17
_SCHEMES: Final = ("s3", "s3a")
_VIEW: Final = "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme"
_COMMITTER: Final = "org.apache.hadoop.mapreduce.lib.output.FileOutputCommitterFactory"
_LOG_PATTERN: Final = "%d{yy/MM/dd HH:mm:ss} %p %c{1}: %m%n%ex"
_LOGGING: Final = {
    "rootLogger.level": "warn",
    "rootLogger.appenderRef.stderr.ref": "console",
    "appender.console.type": "Console",
    "appender.console.name": "console",
    "appender.console.target": "SYSTEM_ERR",
    "appender.console.layout.type": "PatternLayout",
    "appender.console.layout.pattern": _LOG_PATTERN,
    # Hadoop's native library is a matter of speed only, and no part of pyspark.
    "logger.native.name": "org.apache.hadoop.util.NativeCodeLoader",
    "logger.native.level": "error",
}


def missing() -> str | None:
    """Return what this machine lacks for Spark and how to get it; None where nothing is missing."""
    java = _java()
    if java is None:
        return f"A Spark job needs Java {_JAVA} on this machine: install it (Debian: openjdk-17-jre-headless)"
    found = _java_version(java)
    if found != _JAVA:
        return f"A Spark job needs Java {_JAVA}, and {java} is Java {found or 'of no known version'}: set JAVA_HOME"
    try:
        installed = version("pyspark")
    except PackageNotFoundError:
        return f"A Spark job needs pyspark {_SPARK} on this machine: make spark"
    if not installed.startswith(f"{_SPARK}."):
        return f"A Spark job needs pyspark {_SPARK} on this machine, not {installed}: make spark"
    return None


def configure(folder: Path, scratch: Path, buckets: Mapping[str, Path], settings: Mapping[str, str]) -> None:
    """Write what SPARK_CONF_DIR needs into `folder`.

    Args:
        folder: an existing folder.
        scratch: where Java and Spark may keep temporary files and tables.
        buckets: the folders that stand for buckets.
        settings: the job's own, which win.
    """
    mounts = {
        f"spark.hadoop.fs.viewfs.mounttable.{bucket}.linkFallback": path.as_uri() for bucket, path in buckets.items()
    }
    views = {f"spark.hadoop.fs.{scheme}.impl": _VIEW for scheme in _SCHEMES}
    own = {
        "spark.master": "local[2]",
        # Glue's 200 are for clusters; here they are 200 tasks in turn on two threads.
        "spark.sql.shuffle.partitions": "2",
        "spark.driver.memory": "2g",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "localhost",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.warehouse.dir": (scratch / "warehouse").as_uri(),
        "spark.driver.extraJavaOptions": f"-Djava.io.tmpdir={scratch} -XX:-UsePerfData",
        "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
        # Hadoop's default for s3a is a class of hadoop-aws.
        "spark.hadoop.mapreduce.outputcommitter.factory.scheme.s3a": _COMMITTER,
    }
    defaults = {**own, **views, **mounts, **settings}
    _properties(folder / "spark-defaults.conf", defaults)
    _properties(folder / "log4j2.properties", _LOGGING)


def _properties(file: Path, values: Mapping[str, str]) -> None:
    lines = [f"{key} = {value}" for key, value in values.items()]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _java() -> str | None:
    home = os.environ.get("JAVA_HOME")
    return shutil.which("java", path=str(Path(home, "bin"))) if home else shutil.which("java")


def _java_version(java: str) -> int | None:
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)  # noqa: S603  # Spark's own
    found = re.search(r'version "(\d+)', told.stderr)
    return int(found[1]) if found else None
