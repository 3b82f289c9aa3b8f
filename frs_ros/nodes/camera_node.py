# SPDX-License-Identifier: Apache-2.0
"""Node `camera`: one camera, its newest image."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack

from rclpy.publisher import Publisher
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from frs_ros.cameras.base import CameraSource, Frame
from frs_ros.cameras.calibration import approximate
from frs_ros.cameras.codec import encode_jpeg
from frs_ros.cameras.registry import CameraSettings, make_camera
from frs_ros.cameras.turned import TurnedCamera
from frs_ros.nodes import topics
from frs_ros.nodes.parameters.camera import CameraParameters
from frs_ros.nodes.topic_camera import TopicCamera
from frs_ros.ros import qos, spin
from frs_ros.ros.convert.image import camera_info_to_msg, image_to_msg, jpeg_to_msg
from frs_ros.ros.managed import ManagedNode
from frs_ros.ros.parameters import declare

TAKE_TIMEOUT = 0.1  # s; how late the publishing thread notices the end of the node
REPORT_PERIOD = 0.5  # s


class Camera(ManagedNode):
    """Publishes every new image of a camera with its calibration; never waits for the camera.

    Publishes `<name>/color/image_raw/compressed` and `<name>/color/camera_info`, and if asked for
    `<name>/color/image_raw` and `<name>/aligned_depth_to_color/image_raw`. Images go out from a
    thread of their own: encoding does not delay anything, and a new image does not wait for a
    timer.

    Configuring opens the camera, activating begins to publish. Unless `managed` is set the node
    does both itself.
    """

    def __init__(self) -> None:
        super().__init__('camera')
        self._opened, self._publishing = ExitStack(), ExitStack()  # undone in reverse
        self._settings = p = declare(self, CameraParameters)
        self._images = self.create_publisher(CompressedImage, topics.image(p.name), qos.IMAGE_OUT)
        self._infos = self.create_publisher(CameraInfo, topics.camera_info(p.name), qos.IMAGE_OUT)
        self._raw = self._optional(topics.raw_image(p.name), p.raw)
        self._depth = self._optional(topics.depth_image(p.name), p.depth)
        self._frame = p.frame_prefix + p.name  # begins the name of the optical frame
        self._trouble = ''
        self._received = 0
        self._reported_ns = self.get_clock().now().nanoseconds
        self._source: CameraSource
        if not p.managed:
            self.start_by_itself()

    def configure(self) -> None:
        """Opens the camera."""
        self._source = self._make_source()
        self._opened.callback(self._source.close)
        try:
            self._source.start()
        except BaseException:
            self._opened.close()
            raise

    def activate(self) -> None:
        """Begins to publish."""
        p, ending = self._settings, threading.Event()
        thread = threading.Thread(target=self._serve, args=(ending,), daemon=True)
        thread.start()
        self._publishing.callback(thread.join, 2.0)
        self._publishing.callback(ending.set)
        timer = self.create_timer(REPORT_PERIOD, self._report)
        self._publishing.callback(self.destroy_timer, timer)
        self.get_logger().info(f"camera '{p.name}': {p.source}, waiting for images")

    def deactivate(self) -> None:
        """Ends publishing; the camera stays open."""
        self._publishing.close()

    def cleanup(self) -> None:
        """Ends publishing and gives the camera back."""
        self.deactivate()
        self._opened.close()

    def destroy_node(self) -> None:
        """Ends the threads and gives the camera back."""
        if hasattr(self, '_publishing'):  # not if a signal came while the node was being made
            self.cleanup()
        super().destroy_node()

    def _make_source(self) -> CameraSource:
        p = self._settings
        source: CameraSource
        if p.source == 'topic':
            source = TopicCamera(self, p.topic, 1.0 / p.fps)
        else:
            shared = CameraSettings.__dataclass_fields__
            settings = CameraSettings(**{name: getattr(p, name) for name in shared})
            source = make_camera(p.source, settings)
        return TurnedCamera(source) if p.rotate == 180 else source

    def _optional(self, topic: str, wanted: bool) -> Publisher | None:
        return self.create_publisher(Image, topic, qos.IMAGE_OUT) if wanted else None

    def _serve(self, ending: threading.Event) -> None:
        while not ending.is_set():
            frame = self._source.take(TAKE_TIMEOUT)
            if frame is None:
                continue
            try:
                self._publish(frame)
                self._trouble = ''
            except Exception as error:  # one bad image must not end the camera
                self._trouble = f'image not published: {type(error).__name__}: {error}'

    def _publish(self, frame: Frame) -> None:
        p, stamp_ns = self._settings, frame.stamp_ns
        jpeg = frame.jpeg or encode_jpeg(frame.rgb, p.jpeg_quality)
        self._images.publish(jpeg_to_msg(self._frame, jpeg, stamp_ns))
        if self._raw is not None:
            self._raw.publish(image_to_msg(self._frame, frame.rgb, stamp_ns))
        if self._depth is not None and frame.depth is not None:
            self._depth.publish(image_to_msg(self._frame, frame.depth, stamp_ns))
        height, width, _ = frame.rgb.shape
        c = self._source.calibration() or approximate(height, width)
        if (c.height, c.width) != (height, width):
            c = approximate(height, width)
        # last: who has it, has the image
        self._infos.publish(
            camera_info_to_msg(self._frame, height, width, c.matrix, stamp_ns, c.distortion)
        )

    def _report(self) -> None:
        """Publishes the camera's health."""
        status, now_ns = self._source.status(), self.get_clock().now().nanoseconds
        seconds = max(1e-9 * (now_ns - self._reported_ns), 1e-3)
        values = {
            'fps': f'{(status.received - self._received) / seconds:.1f}',
            'age': f'{status.age:.3f}',
            'received': status.received,
            'dropped': status.dropped,
            'replaced': status.replaced,
            'recoveries': status.recoveries,
        }
        self._received, self._reported_ns = status.received, now_ns
        concern = f'camera {self._settings.name}'
        line, failed = status.line, status.failed
        if self._trouble:
            line, failed = self._trouble, True
        if line:
            self.diagnostics.report(concern, line, error=failed, values=values)
        else:
            self.diagnostics.well(concern, values)


def main(args: Sequence[str] | None = None) -> int:
    """Runs the node; returns its exit code."""
    return spin.run(Camera, args)


if __name__ == '__main__':
    sys.exit(main())
