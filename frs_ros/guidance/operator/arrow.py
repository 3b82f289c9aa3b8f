# SPDX-License-Identifier: Apache-2.0
"""Guidance as an arrow, for displays."""

from __future__ import annotations

import numpy as np

from frs_ros.messages.guidance import BASE, Guidance


def arrow(guidance: Guidance, tool: np.ndarray, length: float) -> np.ndarray | None:
    """[2, 3] start and end of the arrow, m, base frame; None if no translation is given.

    None as well for guidance in another frame than the base's, which may move.

    Args:
        guidance: The guidance.
        tool: [3] where the arrow starts.
        length: Of the arrow at full magnitude, m.
    """
    norm = float(np.linalg.norm(guidance.direction))
    reach = length * guidance.magnitude
    if not guidance.active or guidance.frame != BASE or norm == 0.0 or reach == 0.0:
        return None
    return np.stack([tool, tool + reach / norm * guidance.direction])
