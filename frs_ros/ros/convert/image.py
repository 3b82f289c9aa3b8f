# SPDX-License-Identifier: Apache-2.0
"""JPEG bytes <-> sensor_msgs/CompressedImage; an ideal camera <-> CameraInfo and its pose.

The bytes are carried untouched: the policy must see the same decoded pixels over topics as in
process.
"""

from __future__ import annotations

import array

import numpy as np
from geometry_msgs.msg import Point, Pose, PoseStamped, Quaternion
from sensor_msgs.msg import CameraInfo, CompressedImage

from frs_ros.cameras.pinhole import Pinhole
from frs_ros.errors import DataError
from frs_ros.ros import stamps
from frs_ros.ros.convert.checks import finite

_JPEG_START = b'\xff\xd8'


def optical_frame(camera: str) -> str:
    """Name of a camera's optical frame (z forward, x right, y down), as in realsense-ros."""
    return f'{camera}_color_optical_frame'


def jpeg_to_msg(camera: str, jpeg: bytes, stamp_ns: int) -> CompressedImage:
    """CompressedImage of one JPEG file."""
    msg = CompressedImage(header=stamps.header(stamp_ns, optical_frame(camera)), format='jpeg')
    # from bytes or a list, rclpy would check element by element (30 ms instead of 0.02 ms)
    msg.data = array.array('B', jpeg)
    return msg


def jpeg_from_msg(msg: CompressedImage) -> bytes:
    """The JPEG file a message carries; DataError if it says or holds anything else."""
    # realsense-ros and image_transport write 'jpeg', 'rgb8; jpeg compressed bgr8', ...
    if 'jpeg' not in msg.format and 'jpg' not in msg.format:
        raise DataError(f"CompressedImage.format is '{msg.format}'; only JPEG is accepted")
    data = bytes(msg.data)
    if not data.startswith(_JPEG_START):
        raise DataError('CompressedImage.data is not a JPEG file')
    return data


def camera_info_to_msg(
    camera: str, height: int, width: int, matrix: np.ndarray, stamp_ns: int
) -> CameraInfo:
    """CameraInfo without distortion.

    Args:
        camera: Camera name.
        height: Image height, pixels.
        width: Image width, pixels.
        matrix: [3, 3] intrinsic matrix K, pixels.
        stamp_ns: Stamp of the image it belongs to.
    """
    k = np.asarray(matrix, dtype=np.float64).reshape(3, 3)
    return CameraInfo(
        header=stamps.header(stamp_ns, optical_frame(camera)),
        height=height,
        width=width,
        distortion_model='plumb_bob',
        d=[0.0] * 5,
        k=k.ravel(),
        r=np.eye(3).ravel(),
        p=np.hstack([k, np.zeros((3, 1))]).ravel(),
    )


def camera_pose_to_msg(camera: Pinhole, stamp_ns: int) -> PoseStamped:
    """Pose of a camera's optical frame in the world."""
    from scipy.spatial.transform import Rotation

    x, y, z = finite('camera position', camera.position, (3,)).tolist()
    qx, qy, qz, qw = Rotation.from_matrix(camera.rotation).as_quat().tolist()
    pose = Pose(position=Point(x=x, y=y, z=z), orientation=Quaternion(x=qx, y=qy, z=qz, w=qw))
    return PoseStamped(header=stamps.header(stamp_ns, 'world'), pose=pose)


def pinhole_from_msgs(info: CameraInfo, pose: PoseStamped) -> Pinhole:
    """The camera that both messages describe; DataError if a number is not finite."""
    from scipy.spatial.transform import Rotation

    p, q = pose.pose.position, pose.pose.orientation
    turn = finite('camera orientation', (q.x, q.y, q.z, q.w), (4,))
    if not np.linalg.norm(turn) > 0.5:
        raise DataError('camera orientation is not a unit quaternion')
    return Pinhole(
        finite('CameraInfo.k', info.k, (9,)).reshape(3, 3),
        finite('camera position', (p.x, p.y, p.z), (3,)),
        Rotation.from_quat(turn).as_matrix(),
    )
