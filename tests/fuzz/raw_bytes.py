"""Raw data of each format with bytes in the wrong places, as in tests/unit/test_fuzz.py, without an end."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tests.unit.test_fuzz import BATCH, FORMATS, check_each, objects_of

if TYPE_CHECKING:
    from random import Random

    from tests.fuzz.ground import Ground


def case(chance: Random, ground: Ground) -> None:
    """Transform some broken objects of one format; no row is lost or made up, or an error says where."""
    kind = FORMATS[chance.choice(list(FORMATS))]
    contents = objects_of(kind, chance, 1 if kind.mangle_packed else BATCH)
    folder = ground.folder / "raw"
    try:
        check_each(folder, kind, {f"broken {number}": content for number, content in enumerate(contents)})
    finally:
        shutil.rmtree(folder, ignore_errors=True)
