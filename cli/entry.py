"""Where the `pipelines` command begins: it sets Python up for a command that ends within a second."""

from __future__ import annotations

import atexit
import gc
import os


def main() -> None:
    """Run the command, without what takes about a tenth of the processor's time of `pipelines validate`."""
    # Else pydantic looks through every installed package for plugins of its own. There are none.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # The collector walks all that is there after every 700 new objects; an import alone makes thousands that stay.
    gc.set_threshold(50_000, 20, 20)
    # At the end it would walk all of it once more, after a run on this machine for more than a second.
    atexit.register(gc.freeze)
    from cli.main import app  # noqa: PLC0415  # what it imports is what this is about

    app()
