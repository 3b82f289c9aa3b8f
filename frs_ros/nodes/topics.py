# SPDX-License-Identifier: Apache-2.0
"""Topic names, relative: namespaces and remaps apply. docs/graph.md says what flows in each."""

from __future__ import annotations

JOINT_STATES = 'joint_states'
ROBOT_STATE = 'robot_state'
PRIVILEGED_SCENE = 'privileged_scene'
EPISODE = 'episode'
PLAN_REQUEST = 'plan_request'
ACTION_CHUNK = 'action_chunk'
STEERING_REPORT = 'steering_report'
GUIDANCE = 'guidance'
GUIDANCE_PATH = 'guidance_path'
SAFETY_STATUS = 'safety_status'
# of the packages spacenav and joy
SPACENAV_TWIST = 'spacenav/twist'
SPACENAV_JOY = 'spacenav/joy'
JOY = 'joy'

HOLD = 'franka_controller/hold'  # a service
MARKERS = 'markers'

VIEW = 'view'  # a camera for people


def image(camera: str) -> str:
    """JPEG images of a camera, named as realsense-ros does."""
    return f'{camera}/color/image_raw/compressed'


def camera_info(camera: str) -> str:
    """Calibration of a camera."""
    return f'{camera}/color/camera_info'


def camera_pose(camera: str) -> str:
    """Where a simulated camera is: its optical frame in the world."""
    return f'{camera}/color/camera_pose'


def raw_image(camera: str) -> str:
    """The same images, uncompressed."""
    return f'{camera}/color/image_raw'


def depth_image(camera: str) -> str:
    """Depth in the pixels of the colour image."""
    return f'{camera}/aligned_depth_to_color/image_raw'
