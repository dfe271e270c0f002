"""Files as Spark and Hadoop see them: addresses, hidden names, moves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pyspark.sql import Column
from pyspark.sql import functions as F  # noqa: N812  # Spark's own name for it
from pyspark.sql.types import StringType, StructField, StructType

from jobs.transform.columns import BLOCK, MORE, OBJECT, ROW, text
from transform.raw.objects import partitions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import DataFrame, SparkSession

READ_OPTIONS: dict[str, Any] = {"recursiveFileLookup": True}
"""Without it Spark makes columns of the folders itself."""

_FOLDER = ":folder"
_ROW_BITS = (1 << 33) - 1
_BUFFER = 1 << 20


def places(scanned: DataFrame) -> tuple[Column, ...]:
    """Return OBJECT, BLOCK, ROW and MORE of a scan's rows; valid before anything else is done with them."""
    # Unlike its name this finds Spark's own column although the file has one of that name; pyspark lacks it.
    file = Column(scanned._jdf.metadataColumn("_metadata"))  # noqa: SLF001  # as above
    # Spark's ids are the task's number in the upper 31 bits and the row's in the lower 33.
    row = F.monotonically_increasing_id().bitwiseAND(F.lit(_ROW_BITS))
    return (
        file["file_path"].alias(OBJECT),
        file["file_block_start"].alias(BLOCK),
        row.alias(ROW),
        F.lit(0).cast("long").alias(MORE),
    )


def spelled(address: str) -> str:
    """Return the address of an object as ``decoded`` gives it."""
    return re.sub("^file:/+", "file:/", address)


def decoded(path: Column) -> Column:
    """Return a path that Spark gives, which is encoded as a URL, in plain characters."""
    return F.url_decode(F.replace(path, F.lit("+"), F.lit("%2B")))


def literal_path(path: str) -> str:
    """Return a path in which no character is a wildcard."""
    return re.sub(r"([\\{}\[\]*?])", r"\\\1", path)


def is_hidden_to_spark(key: str) -> bool:
    """Say whether Spark leaves out a file for its name, even one that it is asked for."""
    name = key.rpartition("/")[2]
    return name.startswith(".") or (name.startswith("_") and "=" not in name) or name.endswith("._COPYING_")


def folders_of(
    session: SparkSession, rows: DataFrame, keys: dict[str, str], columns: Sequence[str]
) -> tuple[DataFrame, dict[str, Column]]:
    """Return the rows, and the raw columns that the folders in the objects' keys give.

    Args:
        session: the Spark session.
        rows: frame with OBJECT.
        keys: keys of the raw objects by the addresses of those that are read.
        columns: names of raw columns.
    """
    values = {at: partitions(key) for at, key in keys.items()}
    first = next(iter(values.values()))
    names = [name for name in columns if name in first]
    varied = [name for name in names if any(of[name] != first[name] for of in values.values())]
    if varied:
        schema = StructType([StructField(name, StringType()) for name in (_FOLDER, *map(_given, varied))])
        table = [(spelled(at), *(of[name] for name in varied)) for at, of in values.items()]
        folders = F.broadcast(session.createDataFrame(table, schema))
        rows = rows.join(folders, decoded(F.col(OBJECT)) == F.col(_FOLDER), "left")
    return rows, {name: F.col(f"`{_given(name)}`") if name in varied else text(first[name]) for name in names}


def _given(name: str) -> str:
    return f"given:{name.encode().hex()}"


def unzstd(session: SparkSession, packed: str, target: str) -> None:
    """Unpack a zstd object on the driver, in Java: Hadoop's own decompressor is missing from many builds.

    Args:
        session: the Spark session.
        packed: address of the object.
        target: address of what is written, maybe in another bucket.
    """
    jvm, source = _hadoop(session, packed)
    _, goal = _hadoop(session, target)
    path = jvm.org.apache.hadoop.fs.Path
    plain = jvm.com.github.luben.zstd.ZstdInputStreamNoFinalizer(source.open(path(packed)))
    jvm.org.apache.hadoop.io.IOUtils.copyBytes(plain, goal.create(path(target)), _BUFFER, True)  # noqa: FBT003


def write_text(frame: DataFrame, root: str, prefix: str, **options: Any) -> None:
    """Write a frame of one column as CSV whose only field is the line: the column's name is the header."""
    never = "\x00"
    # Left out, a line that begins with # is quoted. No line begins with this: ids hold no control characters.
    frame.write.option("comment", "\x02").csv(
        root + prefix,
        mode="overwrite",
        header=True,
        sep="\x01",
        quote=never,
        escape=never,
        emptyValue="",
        nullValue="",
        ignoreLeadingWhiteSpace=False,
        ignoreTrailingWhiteSpace=False,
        **options,
    )


def publish(session: SparkSession, root: str, staging: str, name: str) -> int:
    """Move the parts of a staged output, in their order, to their final keys.

    Args:
        session: the Spark session.
        root: of the store.
        staging: folder of the parts.
        name: of the final keys, with the place of the part's number, such as ``out/part-{:05}.csv``.

    Returns:
        Number of parts.
    """
    jvm, system = _hadoop(session, root)
    path = jvm.org.apache.hadoop.fs.Path
    found = [status.getPath() for status in system.listStatus(path(root + staging)) if status.getLen()]
    parts = sorted((each for each in found if each.getName().startswith("part-")), key=lambda each: each.getName())
    system.mkdirs(path(root + name).getParent())
    for index, part in enumerate(parts):
        target = path(root + name.format(index))
        system.delete(target, False)  # noqa: FBT003  # not recursively
        if not system.rename(part, target):
            raise OSError(f"{part} could not be moved to {target}")
    return len(parts)


def delete(session: SparkSession, root: str, prefix: str) -> None:
    """Delete everything below a prefix."""
    jvm, system = _hadoop(session, root)
    system.delete(jvm.org.apache.hadoop.fs.Path(root + prefix), True)  # noqa: FBT003  # recursively


def size(session: SparkSession, root: str, folder: str) -> int:
    """Return the bytes of the files in a folder that was published to."""
    jvm, system = _hadoop(session, root)
    found = system.listStatus(jvm.org.apache.hadoop.fs.Path(root + folder))
    return sum(int(status.getLen()) for status in found if status.isFile())


def footer(session: SparkSession, address: str) -> Any:
    """Return the schema in the footer of the Parquet object at an address, in Java."""
    jvm, _ = _hadoop(session, address)
    configuration = session.sparkContext._jsc.hadoopConfiguration()  # noqa: SLF001  # no public way
    parquet = jvm.org.apache.parquet.hadoop
    file = parquet.util.HadoopInputFile.fromPath(jvm.org.apache.hadoop.fs.Path(address), configuration)
    reader = parquet.ParquetFileReader.open(file)
    try:
        return reader.getFooter().getFileMetaData().getSchema()
    finally:
        reader.close()


def _hadoop(session: SparkSession, address: str) -> tuple[Any, Any]:
    """Return the Java side, and Hadoop's file system of an address."""
    context = session.sparkContext
    jvm: Any = context._jvm  # noqa: SLF001  # pyspark has no public way to Hadoop
    configuration = context._jsc.hadoopConfiguration()  # noqa: SLF001  # as above
    return jvm, jvm.org.apache.hadoop.fs.Path(address).getFileSystem(configuration)
