# SPDX-License-Identifier: Apache-2.0
"""Description of an arm as URDF text, for robot_state_publisher, TF and RViz.

Made from the published dimensions in `arm.models`, so that what is shown is what the safety
envelope computes with; no file of the manufacturer is needed. Links and joints have the names
that franka_description gives them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from xml.etree.ElementTree import Element, SubElement, tostring

import numpy as np

from frs_ros.arm.limits import JOINTS
from frs_ros.arm.models import HAND_ANGLE, TCP_DISTANCE, ArmModel

BASE_LINK = 'base'  # frame of poses, guidance and workspace
FINGER_HEIGHT = 0.0584  # m from the hand's frame to that of the fingers; franka_description
FINGER_TRAVEL = 0.04  # m of each finger
LINK_RADIUS, HAND_SIZE, FINGER_SIZE = 0.055, (0.06, 0.2, 0.07), (0.02, 0.012, 0.045)  # m, drawn
_ARM_COLOUR, _HAND_COLOUR = '0.9 0.9 0.9 1', '0.25 0.25 0.25 1'  # red, green, blue, opacity


def arm_urdf(arm: ArmModel) -> str:
    """URDF of an arm with the Franka Hand, in one line of text.

    The root link is `base`. Joints are named as in `joint_states`: `<arm>_joint1` to 7 and
    `<arm>_finger_joint1`, which the second finger follows. The shapes are for the eye only.

    Args:
        arm: Dimensions and limits.
    """
    robot = Element('robot', name=arm.name)
    names = [f'{arm.name}_link{i}' for i in range(JOINTS + 2)]
    SubElement(robot, 'link', name=BASE_LINK)
    origins = [_origin(*row) for row in arm.dh]
    ends: list[np.ndarray | None] = [xyz for xyz, _ in origins]
    for name, end in zip(names, [*ends, None], strict=True):
        _link(robot, name, end)
    _joint(robot, f'{names[0]}_joint', 'fixed', BASE_LINK, names[0])
    for i, (parent, child) in enumerate(pairwise(names[:-1])):
        joint = _joint(robot, f'{arm.name}_joint{i + 1}', 'revolute', parent, child, *origins[i])
        SubElement(joint, 'axis', xyz='0 0 1')
        _limit(joint, arm.limits.low[i], arm.limits.high[i], arm.limits.velocity[i])
    _joint(robot, f'{arm.name}_joint8', 'fixed', names[-2], names[-1], *origins[-1])
    _hand(robot, arm.name, names[-1])
    return tostring(robot, encoding='unicode')


def _origin(a: float, d: float, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """Position and roll, pitch, yaw of a joint of zero angle; see `ArmModel.dh`."""
    return np.array([a, -d * np.sin(alpha), d * np.cos(alpha)]), np.array([alpha, 0.0, 0.0])


def _hand(robot: Element, arm: str, flange: str) -> None:
    hand, tool = f'{arm}_hand', f'{arm}_hand_tcp'
    _box(SubElement(robot, 'link', name=hand), HAND_SIZE, FINGER_HEIGHT - HAND_SIZE[2] / 2)
    SubElement(robot, 'link', name=tool)
    _joint(robot, f'{hand}_joint', 'fixed', flange, hand, rpy=np.array([0.0, 0.0, HAND_ANGLE]))
    _joint(robot, f'{tool}_joint', 'fixed', hand, tool, np.array([0.0, 0.0, TCP_DISTANCE]))
    for i, side in enumerate(('left', 'right')):
        finger = f'{arm}_{side}finger'
        _box(SubElement(robot, 'link', name=finger), FINGER_SIZE, FINGER_SIZE[2] / 2)
        name, place = f'{arm}_finger_joint{i + 1}', np.array([0.0, 0.0, FINGER_HEIGHT])
        joint = _joint(robot, name, 'prismatic', hand, finger, place)
        SubElement(joint, 'axis', xyz=f'0 {(1, -1)[i]} 0')
        _limit(joint, 0.0, FINGER_TRAVEL, 0.2)
        if side == 'right':
            SubElement(joint, 'mimic', joint=f'{arm}_finger_joint1')


def _joint(
    robot: Element,
    name: str,
    kind: str,
    parent: str,
    child: str,
    xyz: np.ndarray | None = None,
    rpy: np.ndarray | None = None,
) -> Element:
    joint = SubElement(robot, 'joint', name=name, type=kind)
    SubElement(joint, 'parent', link=parent)
    SubElement(joint, 'child', link=child)
    origin = {'xyz': xyz, 'rpy': rpy}
    SubElement(joint, 'origin', {k: _spell(v) for k, v in origin.items() if v is not None})
    return joint


def _limit(joint: Element, low: float, high: float, velocity: float) -> None:
    words = {'lower': f'{low:g}', 'upper': f'{high:g}', 'velocity': f'{velocity:g}'}
    SubElement(joint, 'limit', {**words, 'effort': '87'})


def _link(robot: Element, name: str, end: np.ndarray | None) -> None:
    """Adds a link, drawn as a rod from its own origin to that of the next one."""
    link = SubElement(robot, 'link', name=name)
    if end is None:
        return
    for xyz, rpy, kind, size in _rod(end):
        visual = SubElement(link, 'visual')
        SubElement(visual, 'origin', xyz=_spell(xyz), rpy=_spell(rpy))
        SubElement(SubElement(visual, 'geometry'), kind, size)
        _colour(visual, 'arm', _ARM_COLOUR)


def _rod(end: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, str, dict[str, str]]]:
    """Ball at the origin and cylinder to the end: position, roll-pitch-yaw, shape and size."""
    yield np.zeros(3), np.zeros(3), 'sphere', {'radius': f'{LINK_RADIUS:g}'}
    length = float(np.linalg.norm(end))
    if length > 0.0:
        x, y, z = end / length
        rpy = np.array([0.0, np.arctan2(np.hypot(x, y), z), np.arctan2(y, x)])
        yield end / 2, rpy, 'cylinder', {'radius': f'{LINK_RADIUS:g}', 'length': f'{length:g}'}


def _box(link: Element, size: tuple[float, float, float], height: float) -> None:
    visual = SubElement(link, 'visual')
    SubElement(visual, 'origin', xyz=f'0 0 {height:g}')
    SubElement(SubElement(visual, 'geometry'), 'box', size=_spell(np.array(size)))
    _colour(visual, 'hand', _HAND_COLOUR)


def _colour(visual: Element, name: str, rgba: str) -> None:
    SubElement(SubElement(visual, 'material', name=name), 'color', rgba=rgba)


def _spell(values: np.ndarray) -> str:
    return ' '.join(f'{value:.9g}' for value in values)
