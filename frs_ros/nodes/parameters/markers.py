# SPDX-License-Identifier: Apache-2.0
"""Parameters of the node `markers`."""

from __future__ import annotations

from dataclasses import dataclass

from frs_ros.ros.options import parameter


@dataclass(frozen=True)
class MarkersParameters:
    """Parameters of the node `markers`."""

    robot: str = parameter(
        'fr3', 'Cell: fr3 or panda for config/robots/<name>.yaml, or the path of such a file.'
    )
    rate: float = parameter(10.0, 'Rate at which is drawn, Hz.', low=1.0, high=60.0)
    arrow_length: float = parameter(
        0.2, 'Length of the arrow of the guidance at full magnitude, m.', low=0.01, high=2.0
    )
    keep: float = parameter(
        1.0, 'Time for which guidance or a plan is drawn after it came, s.', low=0.1, high=60.0
    )
    frame_prefix: str = parameter('', 'What begins the names of frames, such as left/.')
