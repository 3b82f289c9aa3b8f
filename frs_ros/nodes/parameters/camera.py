# SPDX-License-Identifier: Apache-2.0
"""Parameters of the node `camera`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from frs_ros.errors import ConfigError
from frs_ros.ros.options import parameter

NAME = re.compile(r'[A-Za-z][A-Za-z0-9_]*')


@dataclass(frozen=True)
class CameraParameters:
    """Parameters of the node `camera`."""

    name: str = parameter('camera', 'Name of the camera: begins its topics and its frame.')
    source: str = parameter(
        'realsense',
        'Where the images come from. uvc: a USB camera through Video4Linux. topic: any ROS '
        'image topic. playback: files. synthetic: a moving test image.',
        choices=('realsense', 'uvc', 'topic', 'playback', 'synthetic'),
    )
    serial: str = parameter('', 'Serial number of the RealSense; empty for the first one found.')
    device: str = parameter(
        '', 'UVC device: a path below /dev/v4l/by-id, which stays the same, or an index.'
    )
    path: str = parameter(
        '', 'What is played: a folder of images, a video file or a RealSense recording (.db3).'
    )
    topic: str = parameter(
        '', 'Topic that is taken over; CompressedImage if it ends in /compressed, else Image.'
    )
    width: int = parameter(640, 'Width that is asked of the camera, px.', low=32, high=4096)
    height: int = parameter(480, 'Height that is asked of the camera, px.', low=32, high=4096)
    fps: float = parameter(
        30.0, 'Images per second; also tells when one is missing.', low=0.5, high=120.0
    )
    depth: bool = parameter(False, 'Also publish depth aligned to the colour (RealSense).')
    jpeg_quality: int = parameter(95, 'Quality of the JPEG images.', low=10, high=100)
    rotate: int = parameter(
        0,
        'Turn the images of a camera that hangs upside down, degrees: 0 or 180.',
        low=0,
        high=180,
    )
    raw: bool = parameter(False, 'Also publish the images uncompressed.')
    latency: float = parameter(
        0.0,
        'Time from exposure to arrival, s; taken off the stamps of cameras that give none.',
        low=0.0,
        high=1.0,
    )
    frame_prefix: str = parameter('', 'What begins the names of frames, such as left/.')
    managed: bool = parameter(
        False,
        'Whether a lifecycle manager configures and activates the node, not the node itself.',
    )

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise ConfigError(
                f"parameter name is '{self.name}'; it must be letters, digits and underscores, "
                'a letter first'
            )
        if self.rotate not in (0, 180):
            raise ConfigError(f'parameter rotate is {self.rotate}; it must be 0 or 180')
        if self.source == 'topic' and not self.topic:
            raise ConfigError('parameter topic is empty; name the image topic to take over')
