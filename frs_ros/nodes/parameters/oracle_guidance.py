# SPDX-License-Identifier: Apache-2.0
"""Parameters of the node `oracle_guidance`."""

from __future__ import annotations

from dataclasses import dataclass

from frs_ros.guidance.oracle import OracleSettings
from frs_ros.ros.options import parameter


@dataclass(frozen=True)
class OracleGuidanceParameters:
    """Parameters of the node `oracle_guidance`."""

    magnitude: float = parameter(
        1.0, 'Speed of the guidance, as a part of full command.', low=0.0, high=1.0, live=True
    )
    hesitation: float = parameter(
        0.0,
        'Probability that it says nothing for a chunk, as an operator who lets go now and then: '
        'recordings then hold more places to come back from.',
        low=0.0,
        high=1.0,
        live=True,
    )
    near_target: float = parameter(
        OracleSettings.near_target,
        'Horizontal distance (m) to the target at which it stops steering sideways and goes down. '
        'A smaller one is a more careful operator.',
        low=0.005,
        high=0.1,
        live=True,
    )
