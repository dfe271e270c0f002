"""One Spark session for the suite; without pyspark or Java its tests are skipped and say what to install."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from embedded_aws.glue.spark import missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession

LACKING = missing()
HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """Run Spark with two threads, with the job's settings and otherwise as bare as it goes."""
    if LACKING is not None:
        pytest.skip(LACKING)
    from pyspark.sql import SparkSession  # noqa: PLC0415  # not everybody has it

    from jobs.transform.session import configured  # noqa: PLC0415  # as above

    scratch: Path = tmp_path_factory.mktemp("spark")
    builder = SparkSession.builder.master("local[2]").appName("parity")
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.memory": "2g",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "localhost",
        "spark.driver.extraJavaOptions": "-XX:-UsePerfData -XX:TieredStopAtLevel=1",
        "spark.local.dir": str(scratch),
        "spark.sql.warehouse.dir": scratch.as_uri(),
        "spark.sql.shuffle.partitions": "2",
        "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    running = configured(builder.getOrCreate())
    running.sparkContext.setLogLevel("OFF")
    yield running
    running.stop()
    gc.collect()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let pyspark leave sockets to the garbage collector; they are not ours to close."""
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.filterwarnings("ignore::ResourceWarning"))
            item.add_marker(pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"))
