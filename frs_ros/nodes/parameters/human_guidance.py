# SPDX-License-Identifier: Apache-2.0
"""Parameters of the node `human_guidance`."""

from __future__ import annotations

from dataclasses import dataclass

from frs_ros.ros.options import parameter

KEYBOARD, SPACEMOUSE, SPACENAV, JOY, REPLAY, NONE = DEVICES = (
    'keyboard',
    'spacemouse',
    'spacenav',
    'joy',
    'replay',
    'none',
)


@dataclass(frozen=True)
class HumanGuidanceParameters:
    """Parameters of the node `human_guidance`."""

    device: str = parameter(
        KEYBOARD,
        'What steers: the keys of a terminal, a SpaceMouse on this machine, the topics of the '
        'packages spacenav or joy, a recording of a SpaceMouse, or nothing (episodes only).',
        choices=DEVICES,
    )
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
    view_yaw: float = parameter(
        0.0,
        "Heading in which the operator looks, rad about the base's z axis: 0 from behind the "
        'robot, 3.1416 facing it, 1.5708 from its right.',
        low=-6.2832,
        high=6.2832,
    )
    frame: str = parameter(
        'base',
        "From where the operator steers: 'base', 'tool' (over a table the same, turned with the "
        "hand), or a camera in the policy server's guidance_cameras, ahead being into its image "
        '(docs/guidance.md).',
    )
    instruction: str = parameter('', 'Task in words, for the episodes that are started here.')
    seed: int = parameter(
        7, 'Seed of the first episode; each has the next one.', low=0, high=2147483647
    )
    timeout: float = parameter(
        0.25,
        'Silence of a device after which nobody steers, s; what is held when it is back counts '
        'only after it was let go of.',
        low=0.05,
        high=5.0,
    )
    tap: float = parameter(
        0.6,
        'Time for which a push or a gripper button of a device counts at least, s; as long as a '
        'chunk, so that a tap reaches a plan.',
        low=0.0,
        high=5.0,
    )
    on_deflection: float = parameter(
        0.35, 'Deflection at which an axis begins to count.', low=0.01, high=1.0
    )
    off_deflection: float = parameter(
        0.2, 'Deflection below which an axis no longer counts.', low=0.01, high=1.0
    )
    dominance: float = parameter(
        1.3, 'How many times larger than any other an axis must be.', low=1.0, high=10.0
    )
    allow_rotation: bool = parameter(False, 'Whether a device may give rotations too.')
    proportional: bool = parameter(
        False, 'Whether the magnitude is scaled by the deflection of a device.'
    )
    enable_button: int = parameter(
        -1, 'Button to be held to steer; -1: deflection alone steers.', low=-1, high=63
    )
    open_button: int = parameter(0, 'Button that opens the gripper; -1 for none.', low=-1, high=63)
    close_button: int = parameter(
        1, 'Button that closes the gripper; -1 for none.', low=-1, high=63
    )
    scale: float = parameter(
        1.0,
        'Factor on the axes of a topic; 1.46 for spacenav with its default full_scale.',
        low=0.01,
        high=100.0,
    )
    joy_axes: str = parameter(
        'x=1, y=0, z=4', 'Axes of a joystick by meaning; -4 is axis 4 reversed.'
    )
    recording: str = parameter('', 'File to replay, with device replay.')
    repeat: bool = parameter(False, 'Whether a replay begins again at its end.')
    record: str = parameter(
        '', 'File to which a SpaceMouse is recorded, for device replay; empty for none.'
    )
