# SPDX-License-Identifier: Apache-2.0
"""The drawn box has the edges of the box."""

from __future__ import annotations

import numpy as np

from frs_ros.arm.limits import WorkspaceBox
from frs_ros.safety.edges import edges


def test_twelve_different_edges_along_the_axes():
    low, high = np.array([0.2, -0.5, 0.0]), np.array([0.8, 0.4, 0.9])
    lines = edges(WorkspaceBox(low, high)).reshape(12, 2, 3)
    lengths = np.abs(lines[:, 1] - lines[:, 0])
    for axis in range(3):
        along = lengths[lengths[:, axis] > 0]
        assert len(along) == 4
        assert np.allclose(along, (high - low) * np.eye(3)[axis])
    assert len({tuple(line.ravel()) for line in lines}) == 12
    assert {tuple(point) for point in lines.reshape(-1, 3)} == {
        tuple(np.where(mask, high, low)) for mask in np.ndindex(2, 2, 2)
    }
