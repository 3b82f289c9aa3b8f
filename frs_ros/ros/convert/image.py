# SPDX-License-Identifier: Apache-2.0
"""Images <-> sensor_msgs/CompressedImage and Image; a camera <-> CameraInfo and its pose.

The bytes of a JPEG are carried untouched: the policy must see the same decoded pixels over topics
as in process.
"""

from __future__ import annotations

import array
import re
import sys

import numpy as np
from geometry_msgs.msg import Point, Pose, PoseStamped, Quaternion
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from frs_ros.cameras.base import Calibration
from frs_ros.cameras.codec import decode_image
from frs_ros.cameras.pinhole import Pinhole
from frs_ros.cameras.raw_image import raw_to_rgb
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


def image_to_msg(camera: str, image: np.ndarray, stamp_ns: int) -> Image:
    """Message of an image [h, w, 3] uint8 RGB or a depth image [h, w] uint16 mm."""
    encoding = {(3, 'uint8'): 'rgb8', (2, 'uint16'): '16UC1'}[image.ndim, image.dtype.name]
    msg = Image(
        header=stamps.header(stamp_ns, optical_frame(camera)),
        height=image.shape[0],
        width=image.shape[1],
        encoding=encoding,
        is_bigendian=int(sys.byteorder == 'big'),
        step=image.shape[1] * image[0, 0].nbytes,
    )
    msg.data = array.array('B', image.tobytes())
    return msg


def rgb_from_msg(msg: Image) -> np.ndarray:
    """[h, w, 3] uint8 RGB, a copy; DataError if the encoding is unknown or the sizes disagree."""
    return raw_to_rgb(msg)


def compressed_to_rgb(msg: CompressedImage) -> np.ndarray:
    """[h, w, 3] uint8 RGB of a JPEG or PNG; DataError if it is neither.

    Depth images have a transport of their own (`compressedDepth`) and are refused.
    """
    if 'compressedDepth' in msg.format or not re.search(r'jpe?g|png', msg.format):
        raise DataError(f"CompressedImage.format is '{msg.format}'; JPEG and PNG are accepted")
    return decode_image(bytes(msg.data))


def is_jpeg(data: bytes) -> bool:
    """Whether these are the bytes of a JPEG file."""
    return data.startswith(_JPEG_START)


def calibration_from_msg(msg: CameraInfo) -> Calibration:
    """Calibration that a CameraInfo tells.

    Raises:
        DataError: The camera is not calibrated (all zeros), or a number is not finite.
    """
    matrix = finite('CameraInfo.k', msg.k, (9,)).reshape(3, 3)
    if not matrix[0, 0]:
        raise DataError('CameraInfo.k is zero: the camera is not calibrated')
    # other models than plumb_bob have other coefficients; 8 of rational_polynomial begin the same
    given = finite('CameraInfo.d', msg.d) if 'plumb_bob' in msg.distortion_model else np.zeros(0)
    distortion = np.zeros(5)
    distortion[: len(given)] = given[:5]
    return Calibration(msg.height, msg.width, matrix, distortion)


def camera_info_to_msg(
    camera: str,
    height: int,
    width: int,
    matrix: np.ndarray,
    stamp_ns: int,
    distortion: np.ndarray | None = None,
) -> CameraInfo:
    """CameraInfo.

    Args:
        camera: Camera name.
        height: Image height, pixels.
        width: Image width, pixels.
        matrix: [3, 3] intrinsic matrix K, pixels.
        stamp_ns: Stamp of the image it belongs to.
        distortion: [5] plumb_bob coefficients; None for an ideal camera.
    """
    k = np.asarray(matrix, dtype=np.float64).reshape(3, 3)
    return CameraInfo(
        header=stamps.header(stamp_ns, optical_frame(camera)),
        height=height,
        width=width,
        distortion_model='plumb_bob',
        d=[0.0] * 5 if distortion is None else [float(x) for x in distortion],
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
