"""The whole corpus."""

from __future__ import annotations

from tests.corpus.checked import CHECKED
from tests.corpus.dialects import DIALECTS
from tests.corpus.documents import DOCUMENTS
from tests.corpus.encoded import BYTES
from tests.corpus.exploded import EXPLODED
from tests.corpus.forgetting import FORGETTING
from tests.corpus.looked_up import LOOKED_UP
from tests.corpus.shapes import SHAPES
from tests.corpus.values import EXPRESSIONS, TIMES

CASES = [*EXPRESSIONS, *TIMES, *SHAPES, *BYTES, *DIALECTS, *DOCUMENTS, *EXPLODED, *LOOKED_UP, *CHECKED, *FORGETTING]
