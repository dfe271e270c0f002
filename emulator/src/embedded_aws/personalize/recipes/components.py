"""Ways to score items for a history, each a table fitted once; a blend of them is the recommender.

Every scorer takes histories and returns users by items scores, dense; what it knows nothing of scores 0.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from embedded_aws.personalize.recipes.interactions import Floats, Interactions, Ints

Scores = NDArray[np.float32]
Scorer = Callable[[Interactions], Scores]

_NEXT_DECAY: Final = 0.85
_WINDOW: Final = 16
_POPULARITY_DISCOUNT: Final = 0.3
_MOST_PAIRS: Final = 60_000_000
_PAIRS_AT_ONCE: Final = 8_000_000
_DENSE_ITEMS: Final = 4000
_MOST_FOLLOWERS: Final = 300

_LEVELLING: Final = 0.25
_RIDGE: Final = 6.0
_EASE_ITEMS: Final = 3000
_EASE_USERS: Final = 2500
_EASE_CELLS: Final = 20_000_000
_LONGEST: Final = 500

_OVERSAMPLING: Final = 10
_POWER: Final = 5

_BURST: Final = 20


def transitions(interactions: Interactions, decay: float, window: int = _WINDOW) -> Scorer:
    """What follows what: pairs of events of a user within a window, nearer ones count more.

    A history's recent events decide: each earlier one weighs `decay` times as much as the one after it.
    """
    size = len(interactions.item_ids)
    following = pairs_in_order(interactions, window)
    counts = np.maximum(interactions.counts, 1)
    leading, followed = counts**-0.5, counts**-_POPULARITY_DISCOUNT
    if isinstance(following, np.ndarray):
        table = (following * leading[:, None] * followed).astype(np.float32)
    else:
        rows = np.repeat(np.arange(size), np.diff(following.indptr))
        following.data *= (leading[rows] * followed[following.indices]).astype(np.float32)
        table = largest(following, _MOST_FOLLOWERS)
    return lambda histories: _product(recent(histories, decay), table)


def pairs_in_order(interactions: Interactions, window: int = _WINDOW) -> Any:
    """Return the items by items sums of the weights of pairs of events, dense for small catalogues, CSR for others.

    A pair weighs 0.85 times as much for every event between the two; the window shrinks where there are so many
    events that the pairs would not fit into memory.
    """
    size = len(interactions.item_ids)
    window = max(1, min(window, _MOST_PAIRS // max(1, len(interactions))))
    dense = size <= _DENSE_ITEMS
    total: Any = np.zeros(size * size) if dense else sparse.csr_array((size, size), dtype=np.float32)
    step = max(1, _PAIRS_AT_ONCE // max(1, len(interactions)))
    distances = range(1, min(window, len(interactions) - 1) + 1)
    for start in range(0, len(distances), step):
        parts = [_pairs(interactions, distance) for distance in distances[start : start + step]]
        pairs, weights = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        if dense:
            total += np.bincount(pairs, weights, size * size)
        else:
            rows, columns = np.divmod(pairs, size)
            places = (rows.astype(np.int32), columns.astype(np.int32))
            total = total + sparse.coo_array((weights, places), shape=(size, size)).tocsr()
    return total.reshape(size, size) if dense else total


def _pairs(interactions: Interactions, distance: int) -> tuple[Ints, Scores]:
    """Return the pairs of events of a user that far apart, as one number each, and their weights."""
    same = interactions.users[distance:] == interactions.users[:-distance]
    pairs = interactions.items[:-distance][same] * len(interactions.item_ids) + interactions.items[distance:][same]
    weights = np.full(len(pairs), _NEXT_DECAY ** (distance - 1), dtype=np.float32)
    if interactions.weights is not None:
        weights *= (interactions.weights[:-distance] * interactions.weights[distance:])[same]
    return pairs, weights


def ease(interactions: Interactions, query_decay: float, most_items: int = _EASE_ITEMS) -> Scorer:
    """EASE (Steck 2019, arXiv:1905.03375) on counts levelled by the activity of users and the popularity of items.

    Levelling divides by the fourth root of the row and column sums, as normalized linear autoencoders do. The closed
    form needs the inverse of an items by items matrix, whose cost grows with the cube: the `most_items` most popular
    items take part. With up to 2,500 users, fewer than there are items, the same inverse comes from a users by users
    matrix (Woodbury), and all items take part.
    """
    counts = interactions.where(interactions.from_end() < _LONGEST).matrix().astype(np.float32)
    users, items = counts.shape
    if users <= _EASE_USERS and users * items <= _EASE_CELLS:
        popular = np.arange(items)
    else:
        popular = np.sort(np.argsort(-interactions.counts, kind="stable")[:most_items])
        counts = counts[:, popular]
    levelled, by_item = level(counts)
    columns = interactions.counts[popular]
    squares = np.asarray(levelled.multiply(levelled).sum(axis=0)).ravel()
    ridge = np.float32(_RIDGE * (squares @ columns) / max(columns.sum(), 1) + 1e-6)
    answer = _by_users(levelled, ridge) if users < len(popular) else _by_items(levelled, ridge)

    def score(histories: Interactions) -> Scores:
        query = histories.faded(query_decay).astype(np.float32)
        known = answer(query[:, popular].multiply(by_item).toarray().astype(np.float32))
        if len(popular) == items:
            return known
        scores = np.zeros(query.shape, dtype=np.float32)
        scores[:, popular] = known
        return scores

    return score


def level(counts: Any) -> tuple[Any, Scores]:
    """Return counts (CSR) divided by the fourth root of their row and column sums, and the factors by column."""
    by_user = np.maximum(np.asarray(counts.sum(axis=1)).ravel(), 1) ** -_LEVELLING
    by_item = (np.maximum(np.asarray(counts.sum(axis=0)).ravel(), 1) ** -_LEVELLING).astype(np.float32)
    return (sparse.diags_array(by_user) @ counts @ sparse.diags_array(by_item)).tocsr().astype(np.float32), by_item


def _by_users(levelled: Any, ridge: np.float32) -> Callable[[Scores], Scores]:
    rows = levelled.toarray()
    gram = rows @ rows.T
    gram[np.diag_indices_from(gram)] += ridge
    kernel = linalg.cho_solve(linalg.cho_factor(gram, overwrite_a=True, check_finite=False), rows, check_finite=False)
    diagonal = (1 - np.einsum("ui,ui->i", rows, kernel)) / ridge

    def score(known: Scores) -> Scores:
        projected = (known - (known @ rows.T) @ kernel) / ridge
        scores: Scores = known - projected / diagonal
        return scores

    return score


def _by_items(levelled: Any, ridge: np.float32) -> Callable[[Scores], Scores]:
    gram = _gram(levelled)
    gram[np.diag_indices_from(gram)] += ridge
    factor, _ = linalg.lapack.spotrf(gram, lower=1, overwrite_a=1)
    inverse, _ = linalg.lapack.spotri(factor, lower=1, overwrite_c=1)
    inverse += np.tril(inverse, -1).T
    table = inverse / -np.diag(inverse)
    np.fill_diagonal(table, 0)
    return lambda known: known @ table


def _gram(rows: Any) -> Scores:
    """Return the items by items products of a CSR matrix, by whichever way costs less."""
    lengths = np.diff(rows.indptr).astype(np.float64)
    size = rows.shape[1]
    if 30 * (lengths @ lengths) < rows.shape[0] * float(size) ** 2:
        return np.asfortranarray((rows.T.tocsr() @ rows).toarray())
    gram = np.zeros((size, size), dtype=np.float32, order="F")
    step = max(1, 20_000_000 // size)
    for start in range(0, rows.shape[0], step):
        block = rows[start : start + step].toarray()
        gram += block.T @ block
    return gram


def spectral(interactions: Interactions, decay: float, query_decay: float, rank: int = 24) -> Scorer:
    """The histories' part within the leading singular vectors of the levelled counts (PureSVD, Cremonesi et al. 2010).

    Counts fade by `decay` per later event of the user.
    """
    levelled, by_item = level(interactions.faded(decay).astype(np.float32))
    axes = leading_axes(levelled, rank)
    return lambda histories: np.asarray(
        ((histories.faded(query_decay).multiply(by_item)).tocsr().astype(np.float32) @ axes.T) @ (axes / by_item)
    )


def leading_axes(table: Any, rank: int) -> Scores:
    """Return the leading right singular vectors of a sparse table, by rows; fewer where there are not so many.

    Randomized subspace iteration (Halko, Martinsson and Tropp 2011, algorithm 4.4), which cannot fail to converge.
    """
    width = min(rank + _OVERSAMPLING, *table.shape)
    sample = np.random.default_rng(0).standard_normal((table.shape[1], width)).astype(np.float32)
    for _ in range(_POWER):
        basis, _ = np.linalg.qr(table @ sample)
        sample, _ = np.linalg.qr(table.T @ basis)
    _, strength, turned = np.linalg.svd(table @ sample, full_matrices=False)
    kept = strength[:rank] > 1e-3 * strength.max(initial=0)
    axes: Scores = (turned[:rank][kept] @ sample.T).astype(np.float32)
    return axes


def repeats(_interactions: Interactions, decay: float) -> Scorer:
    """The user's own items, recent ones first: decides where people buy the same again."""
    return lambda histories: histories.faded(decay).astype(np.float32).toarray()


def popularity(interactions: Interactions) -> Scorer:
    """What is popular, the same for everybody."""
    return _same_for_all(interactions.counts)


def trend(interactions: Interactions) -> Scorer:
    """What is popular lately: counts that halve with every twentieth of the time that the data spans."""
    # Times of any size: as whole numbers their difference could overflow.
    age = interactions.times.max(initial=0) - interactions.times.astype(np.float64)
    weights = 0.5 ** (_BURST * age / max(float(age.max(initial=0)), 1.0))
    if interactions.weights is not None:
        weights = weights * interactions.weights
    return _same_for_all(np.bincount(interactions.items, weights, len(interactions.item_ids)).astype(np.float64))


def _same_for_all(counts: Floats) -> Scorer:
    row = counts.astype(np.float32)
    return lambda histories: np.broadcast_to(row, (len(histories.user_ids), len(row)))


def recent(histories: Interactions, decay: float) -> Any:
    """Return the faded matrix without the events whose weight is next to nothing."""
    if decay >= 1:
        return histories.faded(decay).astype(np.float32)
    longest = int(np.ceil(np.log(1e-3) / np.log(decay)))
    return histories.where(histories.from_end() < longest).faded(decay).astype(np.float32)


def _product(rows: Any, table: Any) -> Scores:
    product = rows @ table
    scores: Scores = product if isinstance(product, np.ndarray) else product.toarray()
    return scores


def largest(table: Any, number: int) -> Any:
    """Return a CSR table with the `number` largest values of each row."""
    for row in np.flatnonzero(np.diff(table.indptr) > number):
        values = table.data[table.indptr[row] : table.indptr[row + 1]]
        values[np.argpartition(values, -number)[:-number]] = 0
    table.eliminate_zeros()
    return table
