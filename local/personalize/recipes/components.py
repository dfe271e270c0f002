"""Ways to score items for a history, each a table fitted once; a blend of them is the recommender.

Every scorer takes histories and returns users by items scores, dense; what it knows nothing of scores 0.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from scipy import sparse

from local.personalize.recipes.interactions import Floats, Interactions

Scorer = Callable[[Interactions], Floats]

_WINDOW: Final = 15
_NEXT_DECAY: Final = 0.85
_POPULARITY_DISCOUNT: Final = 0.3
_RIDGE: Final = 200.0
_DENSE_ITEMS: Final = 2500
_DENSE_USERS: Final = 2500
_DENSE_CELLS: Final = 50_000_000
_SHRINKAGE: Final = 10.0
_NEIGHBOURS: Final = 100
_LONGEST_HISTORY: Final = 500


def transitions(interactions: Interactions, decay: float) -> Scorer:
    """What follows what: pairs of events of a user within a window, nearer ones count more.

    A history's recent events decide: each earlier one weighs `decay` times as much as the one after it.
    """
    size = len(interactions.item_ids)
    following = sparse.csr_array((size, size))
    for distance in range(1, min(_WINDOW, len(interactions) - 1) + 1):
        same = interactions.users[distance:] == interactions.users[:-distance]
        pairs = (interactions.items[:-distance][same], interactions.items[distance:][same])
        weights = np.full(len(pairs[0]), _NEXT_DECAY ** (distance - 1))
        following = following + sparse.coo_array((weights, pairs), shape=(size, size)).tocsr()
    counts = np.maximum(interactions.counts, 1)
    rows = np.repeat(np.arange(size), np.diff(following.indptr))
    following.data *= (counts**-0.5)[rows] * (counts**-_POPULARITY_DISCOUNT)[following.indices]
    return lambda histories: _dense(histories.faded(decay) @ following)


def ease(interactions: Interactions, decay: float, query_decay: float) -> Scorer:
    """EASE (Steck 2019, arXiv:1905.03375) on counts that fade by `decay` per later event of the user.

    The closed form needs the inverse of an items by items matrix, whose cost grows with the cube: the 2,500
    most popular items take part. Where there are fewer users than that, the same inverse comes from a
    users by users matrix (Woodbury), and all items take part.
    """
    weighted = interactions.faded(decay)
    users, items = weighted.shape
    if users <= _DENSE_USERS and users * items <= _DENSE_CELLS:
        return _ease_by_users(weighted, query_decay)
    return _ease_by_items(weighted, np.argsort(-interactions.counts, kind="stable")[:_DENSE_ITEMS], query_decay)


def _ease_by_users(weighted: Any, query_decay: float) -> Scorer:
    rows = weighted.toarray().astype(np.float32)
    inverse = np.linalg.inv(rows @ rows.T + np.float32(_RIDGE) * np.eye(len(rows), dtype=np.float32))
    kernel = inverse @ rows
    diagonal = (1 - np.einsum("ui,ui->i", rows, kernel)) / np.float32(_RIDGE)

    def score(histories: Interactions) -> Floats:
        known = histories.faded(query_decay).toarray().astype(np.float32)
        projected = (known - (known @ rows.T) @ kernel) / np.float32(_RIDGE)
        scores: Floats = (known - projected / diagonal).astype(np.float64)
        return scores

    return score


def _ease_by_items(weighted: Any, popular: Any, query_decay: float) -> Scorer:
    columns = weighted[:, popular]
    gram = _dense(columns.T @ columns) + _RIDGE * np.eye(len(popular))
    inverse = np.linalg.inv(gram)
    table = inverse / -np.diag(inverse)
    np.fill_diagonal(table, 0)

    def score(histories: Interactions) -> Floats:
        query = histories.faded(query_decay)
        scores = np.zeros(query.shape)
        scores[:, popular] = query[:, popular] @ table
        return scores

    return score


def neighbours(interactions: Interactions, decay: float) -> Scorer:
    """Items by the cosine of who had them, each with its nearest 100: reaches rare items too."""
    recent = interactions.where(interactions.from_end() < _LONGEST_HISTORY)
    had = recent.matrix()
    had.data[:] = 1
    norms = np.sqrt(np.maximum(np.asarray(had.sum(axis=0)).ravel(), 1))
    together = had.T.tocsr() @ had
    rows = np.repeat(np.arange(together.shape[0]), np.diff(together.indptr))
    together.data = together.data / (norms[rows] * norms[together.indices] + _SHRINKAGE)
    together.data[rows == together.indices] = 0
    table = _nearest(together)
    return lambda histories: _dense(histories.faded(decay) @ table)


def _nearest(table: Any) -> Any:
    """Keep the largest values of each row."""
    for start, end in zip(table.indptr[:-1], table.indptr[1:], strict=True):
        if end - start > _NEIGHBOURS:
            row = table.data[start:end]
            row[np.argpartition(row, -_NEIGHBOURS)[:-_NEIGHBOURS]] = 0
    table.eliminate_zeros()
    return table


def repeats(_interactions: Interactions, decay: float) -> Scorer:
    """The user's own items, recent ones first: decides where people buy the same again."""
    return lambda histories: _dense(histories.faded(decay))


def trend(interactions: Interactions) -> Scorer:
    """What is popular lately: counts that halve with every twentieth of the time that the data spans."""
    age = interactions.times.max() - interactions.times
    counts = np.bincount(
        interactions.items,
        weights=0.5 ** (20 * age / max(int(age.max()), 1)),
        minlength=len(interactions.item_ids),
    )
    return lambda histories: np.tile(counts, (len(histories.user_ids), 1))


def _dense(matrix: Any) -> Floats:
    dense: Floats = matrix.toarray()
    return dense
