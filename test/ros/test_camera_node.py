# SPDX-License-Identifier: Apache-2.0
"""The camera node as a process."""

from __future__ import annotations

import re
import time

import cv2
import numpy as np
import pytest

pytest.importorskip('rclpy')

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from frs_ros.cameras.codec import decode_jpeg, encode_jpeg
from frs_ros.cameras.synthetic import TestImage, read_number
from frs_ros.errors import ConfigError
from frs_ros.nodes.parameters.camera import CameraParameters
from frs_ros.ros import qos, stamps
from frs_ros.ros.convert.image import camera_info_to_msg, image_to_msg, jpeg_to_msg, rgb_from_msg
from frs_ros.ros.options import validated

SMALL = ('-p', 'width:=64', '-p', 'height:=48')


def stamp(msg) -> int:
    return stamps.to_ns(msg.header.stamp)


class Listener:
    """Everything a camera of this name publishes."""

    def __init__(self, ros, name: str) -> None:
        node = self.node = ros.node('listener')
        self.images = ros.collect(node, CompressedImage, f'{name}/color/image_raw/compressed', 50)
        self.infos = ros.collect(node, CameraInfo, f'{name}/color/camera_info', 50)
        self.raw = ros.collect(node, Image, f'{name}/color/image_raw', 50)
        self.diagnostics = ros.collect(node, DiagnosticArray, '/diagnostics', qos.DIAGNOSTICS)

    def statuses(self) -> list[DiagnosticStatus]:
        return [array.status[0] for array in self.diagnostics]


def test_synthetic_camera(ros, node_process):
    listener = Listener(ros, 'wrist')
    process = node_process('camera', '-p', 'source:=synthetic', '-p', 'name:=wrist')
    ros.wait_for(lambda: len(listener.images) > 30 and len(listener.statuses()) > 2, 30.0)
    images, infos = listener.images[:30], listener.infos[:30]
    numbers = [read_number(decode_jpeg(bytes(m.data))) for m in images]
    assert numbers == sorted(set(numbers))
    # every image is followed by its calibration, the heart beat of the camera
    assert set(map(stamp, infos[1:-1])) <= set(map(stamp, images))
    assert {m.header.frame_id for m in (*images, *infos)} == {'wrist_color_optical_frame'}
    assert abs(stamp(listener.images[-1]) - time.time_ns()) < 5e9
    assert (infos[0].height, infos[0].width, infos[0].k[0], list(infos[0].d)) == (
        480,
        640,
        640.0,
        [0.0] * 5,
    )
    status = listener.statuses()[-1]
    values = {v.key: v.value for v in status.values}
    assert (status.name, status.level) == ('camera: camera wrist', DiagnosticStatus.OK)
    assert float(values['fps']) > 10.0
    assert int(values['received']) > 30
    assert {'age', 'dropped', 'replaced', 'recoveries'} < set(values)
    assert process.interrupt() == 0


def test_raw_images_turned(ros, node_process):
    listener = Listener(ros, 'camera')
    node_process(
        'camera', '-p', 'source:=synthetic', '-p', 'raw:=true', '-p', 'rotate:=180', *SMALL
    )
    ros.wait_for(lambda: listener.raw and listener.images, 30.0)
    upright = rgb_from_msg(listener.raw[-1])[::-1, ::-1]
    assert np.array_equal(upright, TestImage(48, 64).draw(read_number(upright)))


@pytest.fixture
def somebody(ros):
    """A node of other people."""
    return ros.node('somebody')


def offer(ros, node, kind: type, topic: str, messages: list, condition) -> None:
    """Publishes the messages over and over until the condition holds."""
    publisher = node.create_publisher(kind, topic, qos.IMAGE_OUT)

    def published() -> bool:
        for message in messages:
            publisher.publish(message)
        return condition()

    ros.wait_for(published, 30.0, f'taking over of {topic}')


def test_jpeg_topic_is_passed_on_byte_by_byte(ros, node_process, somebody):
    listener = Listener(ros, 'left')
    topic = '/zed/left/image/compressed'
    node_process('camera', '-p', 'source:=topic', '-p', f'topic:={topic}', '-p', 'name:=left')
    jpeg = encode_jpeg(TestImage(48, 64).draw(7), 60)
    matrix = np.array([[70.0, 0, 33], [0, 71, 22], [0, 0, 1]])
    info = camera_info_to_msg('zed', 48, 64, matrix, 8)
    infos = somebody.create_publisher(CameraInfo, '/zed/left/camera_info', qos.IMAGE_OUT)

    def arrived() -> bool:
        infos.publish(info)
        return any(m.k[0] == 70.0 for m in listener.infos)

    offer(ros, somebody, CompressedImage, topic, [jpeg_to_msg('zed', jpeg, 8)], arrived)
    assert bytes(listener.images[-1].data) == jpeg
    assert stamp(listener.images[-1]) == 8
    assert listener.images[-1].header.frame_id == 'left_color_optical_frame'
    assert np.array_equal(listener.infos[-1].k, matrix.ravel())


def test_raw_topic_is_compressed_and_bad_images_are_told(ros, node_process, somebody):
    listener = Listener(ros, 'camera')
    node_process('camera', '-p', 'source:=topic', '-p', 'topic:=/webcam/image_raw')
    image = TestImage(48, 64).draw(9)
    good = image_to_msg('webcam', cv2.cvtColor(image, cv2.COLOR_RGB2BGR), 0)
    good.encoding = 'bgr8'  # and no stamp
    offer(ros, somebody, Image, '/webcam/image_raw', [good], lambda: listener.images)
    assert np.array_equal(
        decode_jpeg(bytes(listener.images[-1].data)), decode_jpeg(encode_jpeg(image))
    )
    assert abs(stamp(listener.images[-1]) - time.time_ns()) < 20e9
    bad = image_to_msg('webcam', image, 0)
    bad.encoding = 'yuv999'

    def told() -> bool:
        return any("'yuv999'; accepted are" in s.message for s in listener.statuses())

    offer(ros, somebody, Image, '/webcam/image_raw', [bad], told)


def test_silent_topic_is_an_error_that_names_it(ros, node_process):
    listener = Listener(ros, 'camera')
    node_process('camera', '-p', 'source:=topic', '-p', 'topic:=/nobody/image')

    def told() -> bool:
        return any(
            s.level == DiagnosticStatus.ERROR and '/nobody/image: no new image' in s.message
            for s in listener.statuses()
        )

    ros.wait_for(told, 30.0)
    assert 'nobody publishes it' in listener.statuses()[-1].message


def test_camera_that_is_not_there_is_waited_for(ros, node_process):
    listener = Listener(ros, 'camera')
    process = node_process('camera', '-p', 'source:=uvc', '-p', 'device:=/dev/v4l/by-id/none')

    def told() -> bool:
        return any(
            s.level == DiagnosticStatus.ERROR and 'cannot be opened' in s.message
            for s in listener.statuses()
        )

    ros.wait_for(told, 30.0)
    assert process.interrupt() == 0
    assert process.output.count('cannot be opened') == 1  # the log is not flooded


@pytest.mark.parametrize(
    ('values', 'named'),
    [
        ({'source': 'webcam'}, "unknown source 'webcam'"),
        ({'source': 'topic'}, 'parameter topic is empty'),
        ({'rotate': 90}, 'it must be 0 or 180'),
        ({'name': 'a b'}, "parameter name is 'a b'"),
        ({'name': ''}, "parameter name is ''"),
        ({'fps': 0.0}, 'parameter fps is 0.0'),
    ],
)
def test_parameters_are_checked(values, named):
    with pytest.raises(ConfigError, match=re.escape(named)):
        validated(CameraParameters, values)


def test_serial_that_looks_like_a_number_is_a_text():
    assert validated(CameraParameters, {'serial': 123456}).serial == '123456'


@pytest.mark.parametrize(
    ('words', 'named'),
    [
        (['source:=playback', 'path:=/no/such.mp4'], "parameter path is '/no/such.mp4'"),
        (['rotate:=90'], 'it must be 0 or 180'),
    ],
)
def test_wrong_parameters_are_one_line_and_exit_code_2(node_process, words, named):
    args = [word for pair in words for word in ('-p', pair)]
    process = node_process('camera', *args)
    assert process.wait(30.0) == 2
    assert named in process.output
    assert len(process.output.strip().splitlines()) == 1


def test_document_names_the_topics(ros, node_process, repository):
    text = (repository.root / 'docs' / 'graph.md').read_text()
    section = text.split('### `camera`\n')[1].split('\n### ')[0]
    rows = re.findall(r'^\| `/?(\S+)` \| (\S+/msg/\S+) \|', section, re.MULTILINE)
    node_process(
        'camera', '-p', 'source:=synthetic', '-p', 'raw:=true', '-p', 'depth:=true', *SMALL
    )
    node = ros.node()

    def agrees() -> bool:
        if ('camera', '/') not in node.get_node_names_and_namespaces():
            return False
        found = node.get_publisher_names_and_types_by_node('camera', '/')
        ours = {n.lstrip('/'): t[0] for n, t in found}
        return {n: t for n, t in ours.items() if n not in ('rosout', 'parameter_events')} == dict(
            rows
        )

    ros.wait_for(agrees, 30.0, 'agreement with docs/graph.md')
