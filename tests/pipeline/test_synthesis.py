"""The synthesis of `pipelines run`, beside that of the CDK's own command line."""

from __future__ import annotations

import filecmp
from pathlib import Path

from cli.toolkit import Synthesis, cdk, context
from definition.paths import find


def test_the_app_says_the_same_without_the_command_line(tmp_path: Path) -> None:
    """What `make deploy` brings to an account runs here, to the byte. The CDK itself costs its five seconds."""
    file = find("movielens")
    with Synthesis(file, "dev") as synthesis:
        own = Path(synthesis.assembly(print))
        told = context(file, "dev", keep_data=True)
        cdk("synth", "--quiet", "--output", str(tmp_path), *told, environment={}, say=print)
        compared = filecmp.dircmp(own, tmp_path)
        # Assets are named by their hashes.
        names = [name for name in compared.common_files if not name.startswith("asset.")]
        same, *_ = filecmp.cmpfiles(own, tmp_path, names, shallow=False)

    assert not compared.left_only + compared.right_only
    assert sorted(names) == sorted(same)
    assert "movielens-dev-workflow.template.json" in same
