"""The same numerics by bare numpy and scipy, with weights that are known: no recipe, no choice, no masks, no groups."""

from __future__ import annotations

import itertools
import sys
import time
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import linalg, sparse

from bench.recommend_data import synthetic

if TYPE_CHECKING:
    from embedded_aws.personalize.recipes.interactions import Interactions

EASE_ITEMS = 3000
DENSE_ITEMS = 4000
BLOCK = 8_000_000


def main(events: int, users: int, items: int, weights: list[float]) -> None:
    """Print the seconds of learning and of answering."""
    data = synthetic(events, users, items)
    times = [time.perf_counter()]
    tables = _learned(data, weights)
    times.append(time.perf_counter())
    answers = _answers(data, tables, weights)
    times.append(time.perf_counter())
    assert len(answers) == len(data.user_ids)
    print(*(later - earlier for earlier, later in itertools.pairwise(times)))


def _learned(data: Interactions, weights: list[float]) -> dict[str, Any]:
    found: dict[str, Any] = {"popular": np.argsort(-data.counts, kind="stable")[:EASE_ITEMS]}
    if weights[0]:
        found["transitions"] = _transitions(data)
    if weights[1]:
        found["ease"], found["by_item"] = _ease(data.matrix().astype(np.float32)[:, found["popular"]])
    if weights[2]:
        found["axes"], found["by_item_too"] = _spectral(data.faded(0.99).astype(np.float32))
    age = data.times.max() - data.times
    found["trend"] = np.bincount(data.items, 0.5 ** (20 * age / age.max()), len(data.item_ids)).astype(np.float32)
    return found


def _levelled(counts: Any) -> tuple[Any, np.ndarray]:
    by_user = np.maximum(counts.sum(axis=1), 1) ** -0.25
    by_item = (np.maximum(counts.sum(axis=0), 1) ** -0.25).astype(np.float32)
    return (sparse.diags_array(by_user) @ counts @ sparse.diags_array(by_item)).tocsr().astype(np.float32), by_item


def _ease(counts: Any) -> tuple[np.ndarray, np.ndarray]:
    levelled, by_item = _levelled(counts)
    lengths = np.diff(levelled.indptr).astype(np.float64)
    if 30 * (lengths @ lengths) < len(lengths) * EASE_ITEMS**2:
        gram = (levelled.T.tocsr() @ levelled).toarray()
    else:
        dense = levelled.toarray()
        gram = dense.T @ dense
    gram[np.diag_indices_from(gram)] += 6 * np.average(np.diag(gram), weights=np.maximum(counts.sum(axis=0), 1e-9))
    inverse = linalg.lapack.spotri(linalg.lapack.spotrf(gram.T, lower=1)[0], lower=1)[0]
    inverse += np.tril(inverse, -1).T
    table = inverse / -np.diag(inverse)
    np.fill_diagonal(table, 0)
    return table, by_item


def _spectral(counts: Any) -> tuple[np.ndarray, np.ndarray]:
    levelled, by_item = _levelled(counts)
    sample = np.random.default_rng(0).standard_normal((levelled.shape[1], 34)).astype(np.float32)
    for _ in range(5):
        basis, _ = np.linalg.qr(levelled @ sample)
        sample, _ = np.linalg.qr(levelled.T @ basis)
    axes = np.linalg.svd(levelled @ sample, full_matrices=False)[2][:24] @ sample.T
    return axes.astype(np.float32), by_item


def _transitions(data: Interactions) -> Any:
    size = len(data.item_ids)
    rows, columns, values = [], [], []
    for distance in range(1, max(1, min(16, 60_000_000 // len(data))) + 1):
        same = data.users[distance:] == data.users[:-distance]
        rows.append(data.items[:-distance][same].astype(np.int32))
        columns.append(data.items[distance:][same].astype(np.int32))
        values.append(np.full(len(rows[-1]), 0.85 ** (distance - 1), dtype=np.float32))
    places = (np.concatenate(rows), np.concatenate(columns))
    counts = np.maximum(data.counts, 1).astype(np.float32)
    table = sparse.coo_array((np.concatenate(values), places), shape=(size, size))
    if size <= DENSE_ITEMS:
        return table.toarray() * (counts**-0.5)[:, None] * counts**-0.3
    return (sparse.diags_array(counts**-0.5) @ table @ sparse.diags_array(counts**-0.3)).tocsr().astype(np.float32)


def _answers(data: Interactions, tables: dict[str, Any], weights: list[float]) -> list[tuple[list[str], list[float]]]:
    answers = []
    step = BLOCK // len(data.item_ids)
    for start in range(0, len(data.user_ids), step):
        block = data.block(start, start + step)
        scores = _scores(block, tables, weights)
        best = np.argpartition(-scores, 24, axis=1)[:, :25]
        values = np.take_along_axis(scores, best, 1)
        order = np.argsort(-values, axis=1)
        best, values = np.take_along_axis(best, order, 1), np.take_along_axis(values, order, 1)
        answers += [
            ([data.item_ids[place] for place in places], row.tolist())
            for places, row in zip(best.tolist(), values, strict=True)
        ]
    return answers


def _scores(block: Interactions, tables: dict[str, Any], weights: list[float]) -> np.ndarray:
    total = np.zeros((len(block.user_ids), len(block.item_ids)), dtype=np.float32)
    if weights[0]:
        recent = block.where(block.from_end() < 31).faded(0.8).astype(np.float32)
        followed = recent @ tables["transitions"]
        total += weights[0] * _share(followed if isinstance(followed, np.ndarray) else followed.toarray())
    if weights[1]:
        query = block.faded(0.97).astype(np.float32)[:, tables["popular"]].multiply(tables["by_item"]).toarray()
        total[:, tables["popular"]] += weights[1] * _share(query.astype(np.float32) @ tables["ease"])
    if weights[2]:
        query = block.faded(0.9).multiply(tables["by_item_too"]).tocsr().astype(np.float32)
        total += weights[2] * _share((query @ tables["axes"].T) @ (tables["axes"] / tables["by_item_too"]))
    if weights[3]:
        total += weights[3] * _share(block.faded(0.99).astype(np.float32).toarray())
    if weights[4]:
        total += weights[4] * tables["trend"] / tables["trend"].max()
    return total


def _share(scores: np.ndarray) -> np.ndarray:
    shared: np.ndarray = scores / np.maximum(scores.max(axis=1, keepdims=True), 1e-12)
    return shared


if __name__ == "__main__":
    first, second, third = map(int, sys.argv[1:4])
    main(first, second, third, [float(weight) for weight in sys.argv[4].split(",")])
