# SPDX-License-Identifier: Apache-2.0
"""The edges of the workspace box, for displays."""

from __future__ import annotations

import itertools

import numpy as np

from frs_ros.arm.limits import WorkspaceBox


def edges(box: WorkspaceBox) -> np.ndarray:
    """[24, 3] end points of the box's 12 edges, two for each, m, base frame."""
    ends = []
    for axis in range(3):
        others = [i for i in range(3) if i != axis]
        for sides in itertools.product((0, 1), repeat=2):
            for side in (0, 1):
                corner = np.empty(3)
                corner[axis] = (box.low, box.high)[side][axis]
                for other, chosen in zip(others, sides):
                    corner[other] = (box.low, box.high)[chosen][other]
                ends.append(corner)
    return np.array(ends)
