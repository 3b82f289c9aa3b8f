# SPDX-License-Identifier: Apache-2.0
"""What the operator reads: one line on the present guidance."""

from __future__ import annotations

import numpy as np

from frs_ros.messages.guidance import BASE, Guidance

HELP_KEY = '?'


def status(guidance: Guidance | None, episode: str, *, lost: bool, restless: bool = False) -> str:
    """One line on the present guidance.

    Args:
        guidance: Present guidance; None from a device without.
        episode: One phrase on the episode.
        lost: The device is not there.
        restless: It is there, but was not seen at rest.
    """
    if guidance is None:
        return episode
    settings = f'speed {guidance.magnitude:.1f}  gripper {guidance.gripper.name.lower()}'
    return f'{_motion(guidance, lost, restless):28}  {settings}  {episode}'


def _motion(guidance: Guidance, lost: bool, restless: bool) -> str:
    if restless:
        return f'{guidance.source}: not at rest, let go'
    if lost:
        return f'{guidance.source}: not there'
    if guidance.defer:
        return 'left to the policy'
    if not guidance.active:
        return 'not steering'
    x, y, z = guidance.direction
    words = f'steering x {x:+.1f} y {y:+.1f} z {z:+.1f}'
    if np.any(guidance.rotation):
        roll, pitch, yaw = guidance.rotation
        words = f'turning  x {roll:+.1f} y {pitch:+.1f} z {yaw:+.1f}'
    return words if guidance.frame == BASE else f'{words} of {guidance.frame}'
