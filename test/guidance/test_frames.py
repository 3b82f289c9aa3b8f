# SPDX-License-Identifier: Apache-2.0
"""Wishes along the axes of the tool and of cameras."""

import json

import numpy as np
import pytest

from frs_ros.cameras.pinhole import Pinhole
from frs_ros.errors import ConfigError
from frs_ros.guidance.references.camera_file import load_cameras
from frs_ros.guidance.references.frames import CameraAxes, camera_axes, in_base, tool_pose
from frs_ros.messages.any_guidance import GuidanceError
from frs_ros.messages.guidance import Gripper, Guidance
from frs_ros.policies.proprioception import rotation_matrices
from frs_ros.types import CARTESIAN_DELTA, JOINT_DELTA, Observation

DOWN = np.array([np.pi, 0, 0])  # as at home: x ahead, y to the right, fingers down
SIDE = np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]])  # columns: right, down, into the image
MIRRORED = SIDE * [-1, 1, 1]
CAMERAS = {
    'side': CameraAxes(SIDE),
    'mirrored': CameraAxes(MIRRORED),
    'hand': CameraAxes(np.eye(3), 'tool'),
}


def seen(turn=DOWN):
    return Observation({}, np.array([0.4, 0.1, 0.3, *turn, 0.04, -0.04]))


def based(turn=DOWN, **wish):
    return in_base(Guidance(**wish), seen(turn), CARTESIAN_DELTA, CAMERAS)


def test_a_wish_in_the_base_is_left_alone():
    wish = Guidance(direction=[1, 2, 3])
    assert in_base(wish, seen(), CARTESIAN_DELTA, {}) is wish
    assert wish.frame == 'base'


@pytest.mark.parametrize(
    ('axis', 'in_base_axes'),
    [([1, 0, 0], [1, 0, 0]), ([0, 1, 0], [0, -1, 0]), ([0, 0, 1], [0, 0, -1])],
)
@pytest.mark.parametrize('frame', ['tool', 'hand'])
def test_a_hand_that_looks_down_moves_along_its_own_axes(axis, in_base_axes, frame):
    wish = based(frame=frame, direction=axis, rotation=axis)
    np.testing.assert_allclose(wish.direction, in_base_axes, atol=1e-12)
    np.testing.assert_allclose(wish.rotation, in_base_axes, atol=1e-12)


def test_directions_follow_the_turning_hand():
    for turn in ([0.3, -0.4, 1.1], [0, 0, np.pi / 2]):
        wish = based(np.array(turn), frame='tool', direction=[1, 0, 0])
        np.testing.assert_allclose(wish.direction, rotation_matrices(np.array(turn))[:, 0])


def test_the_rest_of_the_wish_stays():
    wish = based(
        frame='side', direction=[3, 0, 0], gripper=Gripper.CLOSE, magnitude=0.3, source='s',
        stamp_ns=7,
    )  # fmt: skip
    assert (wish.frame, wish.gripper, wish.magnitude) == ('base', Gripper.CLOSE, 0.3)
    assert (wish.source, wish.stamp_ns) == ('s', 7)
    np.testing.assert_allclose(wish.direction, 3 * SIDE[:, 0])


def test_in_a_mirrored_image_right_is_right_and_turning_goes_as_it_looks():
    """Turning from the image's right to its down is a quarter turn about the way into it."""
    for name in ('side', 'mirrored'):
        axes = CAMERAS[name].axes
        wish = based(frame=name, direction=[1, 0, 0], rotation=[0, 0, 1])
        np.testing.assert_allclose(wish.direction, axes[:, 0])
        quarter = rotation_matrices(wish.rotation * np.pi / 2)
        np.testing.assert_allclose(quarter @ axes[:, 0], axes[:, 1], atol=1e-12)


def test_an_unknown_frame_is_named_with_those_that_are_known():
    with pytest.raises(
        GuidanceError, match="frame 'wrist'; known are: base, tool, hand, mirrored"
    ):
        based(frame='wrist', direction=[1, 0, 0])


@pytest.mark.parametrize('state', [np.zeros(3), np.full(8, np.nan), np.zeros((2, 8))])
@pytest.mark.parametrize('space', [CARTESIAN_DELTA, JOINT_DELTA])
def test_a_state_without_a_pose_is_refused(state, space):
    with pytest.raises(GuidanceError, match='finite numbers of state'):
        in_base(Guidance(frame='tool'), Observation({}, state), space, {})


def test_joint_states_need_kinematics():
    observation = Observation({}, np.zeros(8))
    with pytest.raises(GuidanceError, match="kinematics in 'joint_delta'"):
        tool_pose(observation, JOINT_DELTA)

    class Tilted:
        def pose(self, q):
            pose = np.eye(4)
            pose[:3, :3] = rotation_matrices(np.array([0, 0, q[0]]))
            return pose

    observation = Observation({}, np.array([np.pi / 2, 0, 0, 0, 0, 0, 0, 0.0]))
    wish = Guidance(frame='tool', direction=[1, 0, 0])
    turned = in_base(wish, observation, JOINT_DELTA, {}, Tilted())
    np.testing.assert_allclose(turned.direction, [0, 1, 0], atol=1e-12)


# ---- cameras ----------------------------------------------------------------------------------


def test_axes_of_a_camera_with_a_mirrored_image():
    matrix = np.array([[-77.0, 0, 32], [0, 77, 32], [0, 0, 1]])
    camera = Pinhole(matrix, np.zeros(3), SIDE)
    np.testing.assert_allclose(camera_axes(camera).axes, MIRRORED, atol=1e-12)
    here = np.array([[0.5, 0.1, -0.2]]) + 3 * SIDE[:, 2]
    moved = here + 0.1 * camera_axes(camera).axes[:, 0]
    assert camera.project(moved)[0, 0] > camera.project(here)[0, 0]  # right in the image


@pytest.mark.parametrize(
    ('axes', 'parent', 'message'),
    [
        (2 * np.eye(3), 'base', 'orthogonal'),
        (np.eye(2), 'base', '3 x 3'),
        (np.full((3, 3), np.nan), 'base', 'orthogonal'),
        (np.eye(3), 'world', "not to 'world'"),
    ],
)
def test_cameras_that_cannot_be(axes, parent, message):
    with pytest.raises(ConfigError, match=message):
        CameraAxes(axes, parent)


def test_axes_written_with_few_digits_do_not_lengthen_wishes():
    rough = CameraAxes([[0, 0.5294, -0.8487], [-1.0004, 0, 0], [0, -0.8487, -0.5294]])
    np.testing.assert_allclose(rough.axes.T @ rough.axes, np.eye(3), atol=1e-12)
    for rotation in np.eye(3):
        wish = Guidance(frame='rough', rotation=rotation)
        in_base(wish, seen(), CARTESIAN_DELTA, {'rough': rough})


def test_cameras_are_read_from_a_file(tmp_path):
    file = tmp_path / 'cameras.json'
    entries = {
        'side': {'axes': SIDE.tolist()},
        'hand': {'axes': np.eye(3).tolist(), 'parent': 'tool'},
    }
    file.write_text(json.dumps(entries))
    cameras = load_cameras(file)
    np.testing.assert_allclose(cameras['side'].axes, SIDE, atol=1e-12)
    assert [cameras[name].parent for name in ('side', 'hand')] == ['base', 'tool']


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('{', 'cannot read'),
        ('[]', 'a camera per name'),
        ('{"a": []}', "camera 'a': must be an object"),
        ('{"a": {"axes": [[1, 0, 0]], "fov": 3}}', "camera 'a': must be an object"),
        ('{"a": {"axes": [[1, 0], [1]]}}', "camera 'a': axes must be 3 rows"),
        ('{"a": {"axes": "x"}}', "camera 'a': axes must be 3 rows"),
        ('{"a": {"axes": {"b": 1}}}', "camera 'a': axes must be 3 rows"),
        ('{"a": {"axes": [[1, 0, 0], [0, 2, 0], [0, 0, 1]]}}', "camera 'a': .*orthogonal"),
        ('{"tool": {"axes": [[1, 0, 0], [0, 1, 0], [0, 0, 1]]}}', 'other than'),
    ],
)
def test_camera_files_that_are_wrong(tmp_path, text, message):
    file = tmp_path / 'cameras.json'
    file.write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_cameras(file)


def test_a_missing_camera_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r'gone\.json'):
        load_cameras(tmp_path / 'gone.json')
