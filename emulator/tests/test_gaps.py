"""The page with the gaps of moto."""

from pathlib import Path

from embedded_aws import gaps, patches, server


def test_the_page_is_that_of_the_code() -> None:
    """The page in docs is generated from the patches as they are, and shows one of them as its docstring has it."""
    page = (Path(__file__).parents[1] / "docs" / "moto-gaps.md").read_text()

    assert page == gaps.page()
    row = "| `Schedule.__init__`<br>`Schedule.update` | takes any expression. | refuses one that it cannot read. |"
    assert row in page.splitlines()


def test_every_patch_says_what_it_closes() -> None:
    """No replacement is without "moto: … AWS: …", of its own or of the one that it refers to."""
    server.import_parts()

    silent = [patch.target for patch in patches.registered() if gaps.gap(patch) is None]

    assert silent == []
