# SPDX-License-Identifier: Apache-2.0
"""Parameters of the node `human_guidance`."""

from __future__ import annotations

from dataclasses import dataclass

from frs_ros.ros.options import parameter


@dataclass(frozen=True)
class HumanGuidanceParameters:
    """Parameters of the node `human_guidance`."""

    rate: float = parameter(50.0, 'Rate at which guidance is published, Hz.', low=1.0, high=200.0)
    hold: float = parameter(
        0.7,
        'Time for which a key counts as held after its last character, s; a little longer than '
        'the delay of the keyboard before it repeats.',
        low=0.05,
        high=5.0,
    )
    magnitude: float = parameter(
        1.0, 'Speed of the guidance, as a part of full command.', low=0.0, high=1.0
    )
