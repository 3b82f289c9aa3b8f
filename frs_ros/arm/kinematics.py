# SPDX-License-Identifier: Apache-2.0
"""Where the tool is for given joints, and how it moves with them."""

from __future__ import annotations

import math
import threading
from typing import Any, Protocol

import numpy as np

from frs_ros.arm.clearance import Clearance
from frs_ros.arm.distances import Pairs, pairs_of
from frs_ros.arm.limits import JOINTS
from frs_ros.arm.models import FR3, ArmModel
from frs_ros.errors import ConfigError, DependencyError

FLANGE = 'link8'  # end of its name in every description of the arms, whatever the prefix
BASE = 'link0'


class Kinematics(Protocol):
    """Forward kinematics of a seven-joint arm; positions in m, angles in rad, base frame."""

    def pose(self, q: np.ndarray) -> np.ndarray:
        """[4, 4] pose of the tool centre point for joint positions [7]."""
        ...

    def jacobian(self, q: np.ndarray) -> np.ndarray:
        """[6, 7]: velocity (3, m/s) and angular velocity (3, rad/s) of the tool per rad/s."""
        ...

    def pairs(self, clearance: Clearance) -> tuple[Pairs, ...]:
        """What of the arm can come too near to what, and how near it is."""
        ...


class PinocchioKinematics:
    """Kinematics by the library Pinocchio (Carpentier et al. 2019); see `Kinematics`.

    Safe to use from several threads: the model is only read, and every thread works in data of its
    own (making them for each call would take longer than the kinematics). Joint positions that are
    not 7 finite numbers raise a ValueError.
    """

    def __init__(self, model: Any, frame: int, base: Any) -> None:
        """Use `from_urdf` or `of_model`.

        Args:
            model: A pinocchio.Model of seven joints.
            frame: Index of the frame of the tool centre point in it.
            base: pinocchio.SE3, the robot's base in the model's world.
        """
        self._pin = _pinocchio()
        self._model = model
        self._frame = frame
        self._base = base
        self._turn = np.kron(np.eye(2), base.rotation.T)
        self._upright = bool((base.rotation == np.eye(3)).all())
        self._data = _ThreadData(model)

    @classmethod
    def from_urdf(
        cls, xml: str, tool: np.ndarray = FR3.tool, flange: str = ''
    ) -> PinocchioKinematics:
        """From a robot's own description.

        Args:
            xml: URDF text.
            tool: [4, 4] pose of the tool centre point in the flange.
            flange: Link that the tool is mounted to; '' for the one whose name ends in `link8`.

        Raises:
            ConfigError: The text is no URDF, has no such link, or not 7 joints lead to it.
        """
        pin = _pinocchio()
        try:
            model = pin.buildModelFromXML(xml)
        except (ValueError, RuntimeError) as error:
            raise ConfigError(f'the robot description is no URDF: {_line(error)}') from error
        link = _link(model, flange or FLANGE)
        arm = set(model.supports[model.frames[link].parentJoint])
        others = [j for j in range(1, model.njoints) if j not in arm]  # such as the fingers
        if others:
            name = model.frames[link].name
            model = pin.buildReducedModel(model, others, pin.neutral(model))
            link = model.getFrameId(name)
        if model.nq != JOINTS or model.nv != JOINTS:
            raise ConfigError(f'the robot description has {model.nv} arm joints, not {JOINTS}')
        return cls(model, _add_tool(model, link, tool), _base_of(model))

    @classmethod
    def of_model(cls, arm: ArmModel) -> PinocchioKinematics:
        """From the published Denavit-Hartenberg parameters, without any file."""
        pin = _pinocchio()
        model = pin.Model()
        *before, flange = (_link_placement(*row) for row in arm.dh)
        joint = 0
        for i, placement in enumerate(before, start=1):
            joint = model.addJoint(joint, pin.JointModelRZ(), placement, f'joint{i}')
        frame = model.addFrame(pin.Frame(FLANGE, joint, 0, flange, pin.FrameType.OP_FRAME))
        return cls(model, _add_tool(model, frame, arm.tool), pin.SE3.Identity())

    def pose(self, q: np.ndarray) -> np.ndarray:
        """[4, 4] pose of the tool centre point for joint positions [7]."""
        data = self._data.data
        self._pin.forwardKinematics(self._model, data, _checked(q))
        placement = self._pin.updateFramePlacement(self._model, data, self._frame)
        return np.array(self._base.actInv(placement).homogeneous)

    def jacobian(self, q: np.ndarray) -> np.ndarray:
        """[6, 7] velocity and angular velocity of the tool per rad/s, along the base axes."""
        data = self._data.data
        jacobian = self._pin.computeFrameJacobian(
            self._model, data, _checked(q), self._frame, self._pin.LOCAL_WORLD_ALIGNED
        )
        return np.array(jacobian) if self._upright else self._turn @ jacobian

    def pairs(self, clearance: Clearance) -> tuple[Pairs, ...]:
        """What of the arm can come too near to what; DependencyError without Coal."""
        tool = self._model.frames[self._frame].placement
        return pairs_of(self._model, self._base, tool, clearance)


class _ThreadData(threading.local):
    """Pinocchio's scratch data of one thread."""

    def __init__(self, model: Any) -> None:
        self.data = model.createData()


def _pinocchio() -> Any:
    try:
        import pinocchio
    except ImportError as error:
        raise DependencyError(
            'the kinematics of the arm need Pinocchio: pip install pin, or on ROS 2 '
            'apt install ros-$ROS_DISTRO-pinocchio'
        ) from error
    return pinocchio


def _link_placement(a: float, d: float, alpha: float) -> Any:
    """Rx(alpha) Tx(a) Tz(d): Rz(q) and Tz(d) commute, so all that is fixed precedes the joint."""
    pin = _pinocchio()
    rotation = pin.utils.rotate('x', alpha)
    return pin.SE3(rotation, np.array([a, 0.0, 0.0]) + rotation[:, 2] * d)


def _checked(q: np.ndarray) -> np.ndarray:
    q = np.asarray(q, dtype=np.float64)
    if q.shape != (JOINTS,) or (not math.isfinite(q.sum()) and not np.isfinite(q).all()):
        raise ValueError(f'joint positions must be {JOINTS} finite numbers, not {q}')
    return q


def _link(model: Any, ending: str) -> int:
    """Index of the only link whose name ends so; ConfigError if there is not exactly one."""
    links = [f.name for f in model.frames if f.type.name == 'BODY']
    found = [n for n in links if n == ending] or [n for n in links if n.endswith(ending)]
    if len(found) != 1:
        raise ConfigError(
            f"the robot description has {len(found)} links '{ending}'; links: {', '.join(links)}"
        )
    return int(model.getFrameId(found[0]))


def _base_of(model: Any) -> Any:
    """Where the robot's first link stands in the description's world."""
    pin = _pinocchio()
    fixed = [f for f in model.frames if f.parentJoint == 0 and f.name.endswith(BASE)]
    return pin.SE3(fixed[0].placement) if fixed else pin.SE3.Identity()


def _add_tool(model: Any, link: int, tool: np.ndarray) -> int:
    pin = _pinocchio()
    mount = model.frames[link]
    placement = mount.placement * pin.SE3(np.array(tool, dtype=np.float64))
    frame = pin.Frame('frs_tool', mount.parentJoint, link, placement, pin.FrameType.OP_FRAME)
    return int(model.addFrame(frame))


def _line(error: Exception) -> str:
    return ' '.join(str(error).split())
