# SPDX-License-Identifier: Apache-2.0
"""How well candidate chunks do what the reference says: what `sample_and_rank` ranks by."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

# score(candidates [N, H, d], reference [H, d]) -> [N], the higher the better. All in model space,
# the d dimensions being those the guidance is about.
Score = Callable[[np.ndarray, np.ndarray], np.ndarray]


def cosine(candidates: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Cosine of the angle between flattened chunks (arXiv 2606.13675); 0 where one is all zero."""
    products = np.einsum('nhd,hd->n', candidates, reference)
    lengths = np.linalg.norm(candidates, axis=(1, 2)) * np.linalg.norm(reference)
    cosines: np.ndarray = np.divide(
        products, lengths, out=np.zeros_like(products), where=lengths > 0
    )
    return cosines


def distance(candidates: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Negative root mean square difference: the speed counts too."""
    difference: np.ndarray = np.sqrt(np.mean((candidates - reference) ** 2, axis=(1, 2)))
    return -difference


SCORES: dict[str, Score] = {'cosine': cosine, 'distance': distance}
