"""Run the benchmarks and print their tables: python -m bench [NAME] ...

Without a name all of them run. The transform and look-ups take --rows, a multiple of 10,000. The recommenders take
--movielens, a folder with u.data of MovieLens 100K (https://files.grouplens.org/datasets/movielens/ml-100k.zip, whose
licence does not allow it to stand here); without it the tables of quality are left out. --most bounds the rows of the
table of growth, --most-rows those of the table of limits. The orchestration takes ten minutes or more, most of them for
its last table, the enforcement of roles four.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from bench import enforcement, limits, lookups, orchestration, recommend, transform

NAMES = ["transform", "limits", "lookups", "recommend", "orchestration", "enforcement"]


def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="?", choices=NAMES)
    parser.add_argument("--rows", type=int, default=2_000_000, help="rows that the transform reads")
    parser.add_argument("--movielens", type=Path, help="folder of MovieLens 100K, which holds u.data")
    parser.add_argument("--most", type=int, default=1_000_000, help="most interactions of the growth table, up to 10 M")
    parser.add_argument("--most-rows", type=int, default=20_000_000, help="most rows of the table of limits")
    parser.add_argument("--partners", nargs="+", default=[], help="of the transform: some only, as s3 ours polars")
    given = parser.parse_args()
    if given.name in {None, "transform"}:
        transform.main(given.rows, given.partners)
    if given.name in {None, "limits"}:
        limits.main(given.most_rows)
    if given.name in {None, "lookups"}:
        lookups.main(given.rows)
    if given.name in {None, "recommend"}:
        recommend.main(given.movielens, given.most)
    if given.name in {None, "orchestration"}:
        orchestration.main()
    if given.name in {None, "enforcement"}:
        enforcement.main()


if __name__ == "__main__":
    main()
