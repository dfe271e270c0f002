"""What the README promises of the bundled files and the Makefile."""

from __future__ import annotations

import re
import subprocess

from definition.paths import PIPELINES, ROOT


def test_the_readme_shows_the_bundled_pipeline() -> None:
    """The file in the README is the one that ships, but for comments, spaces and what only the terminal needs."""

    def bare(text: str) -> list[str]:
        lines = [re.sub(r"(^|\s+)#.*", "", line).rstrip() for line in text.splitlines()]
        return [line for line in lines if line and not line.startswith(("description:", "item_labels:"))]

    readme = (ROOT / "README.md").read_text()
    shown = re.findall(r"```yaml\n(.*?)```", readme, flags=re.DOTALL)

    assert [bare((PIPELINES / "movielens.yaml").read_text())] == [bare(text) for text in shown]


def test_every_target_of_the_readme_is_there() -> None:
    """Each make command in the README is a target that `make help` lists."""
    readme = (ROOT / "README.md").read_text()
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    targets = set(re.findall(r"\bmake ([a-z]+)", readme))
    assert {"run", "test", "serve", "deploy", "destroy"} <= targets
    assert targets - {"help"} <= set(re.findall(r"^  make (\w+)", listed, flags=re.MULTILINE))
