# SPDX-License-Identifier: Apache-2.0
"""Writes small bags of episodes with rosbags, as a recorder would have left them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

import cv2
import numpy as np
from rosbags.interfaces import Nodetype
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

MESSAGES = Path(__file__).parents[2] / 'msg'
NS, MS = 1_000_000_000, 1_000_000
START_NS = 1_760_000_000 * NS
CAMERAS = ('agentview', 'wrist')
START, END = 1, 2
SUCCESS, FAILURE, ABORTED = 1, 2, 3
H, A, D, S = 4, 3, 5, 8  # horizon, action, model space, state
POLICY = '0123456789abcdef'


@cache
def typestore() -> Any:
    """Types of ROS 2 and ours."""
    store = get_typestore(Stores.ROS2_JAZZY)
    types: dict[str, Any] = {}
    for file in sorted(MESSAGES.glob('*.msg')):
        types.update(get_types_from_msg(file.read_text(), f'frs_ros/msg/{file.stem}'))
    store.register(types)
    return store


def make(kind: str, **fields: Any) -> Any:
    """A message with zeros and empty arrays in the fields that are not given."""
    store = typestore()
    values = {name: _zero(description) for name, description in store.fielddefs[kind][1]}
    assert set(fields) <= set(values), (kind, fields)
    return store.types[kind](**{**values, **fields})


def _zero(description: Any) -> Any:
    node, detail = description
    if node == Nodetype.NAME:
        return make(detail)
    if node == Nodetype.BASE:
        return '' if detail[0] == 'string' else False if detail[0] == 'bool' else 0
    (inner, name), length = detail
    count = length if node == Nodetype.ARRAY else 0
    if inner == Nodetype.BASE and name[0] != 'string':
        return np.zeros(count, bool if name[0] == 'bool' else name[0].replace('octet', 'uint8'))
    return [_zero((inner, name)) for _ in range(count)]


def header(stamp_ns: int) -> Any:
    stamp = make('builtin_interfaces/msg/Time', sec=stamp_ns // NS, nanosec=stamp_ns % NS)
    return make('std_msgs/msg/Header', stamp=stamp)


def pixels(stamp_ns: int, camera: str, height: int = 48, width: int = 64) -> np.ndarray:
    """A smooth image [h, w, 3] uint8 RGB that is different for each stamp and camera."""
    rng = np.random.default_rng([stamp_ns % 2**32, len(camera)])
    small = rng.integers(0, 256, (3, 4, 3), np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def jpeg(stamp_ns: int, camera: str, height: int = 48, width: int = 64) -> np.ndarray:
    """The same as a JPEG file, uint8."""
    bgr = cv2.cvtColor(pixels(stamp_ns, camera, height, width), cv2.COLOR_RGB2BGR)
    return cv2.imencode('.jpg', bgr)[1].ravel()


def noise(request: int, seed: int = 0, width: int = D) -> np.ndarray:
    """[H, width] float32 noise of a chunk."""
    rng = np.random.default_rng([seed, request])
    return rng.normal(size=(H, width)).astype(np.float32)


def chunk(stamp_ns: int, request: int, episode: str = 'e0', **changes: Any) -> Any:
    """A sound ActionChunk, but for `changes`."""
    values = {
        'header': header(stamp_ns), 'request_id': request, 'episode_id': episode, 'method': 'frs',
        'horizon': H, 'action_dim': A, 'model_dim': D, 'policy_id': POLICY, 'execute_steps': 2,
        'action_space': 'cartesian_delta', 'control_hz': 20.0,
        'actions': np.linspace(-1, 1, H * A) + request, 'noise': noise(request).ravel(),
    }  # fmt: skip
    return make('frs_ros/msg/ActionChunk', **{**values, **changes})


class BagFactory:
    """A bag in the making; a context manager.

    Args:
        path: Folder of the new bag.
        storage: 'mcap' or 'sqlite3'.
        namespace: Before all topics, such as '/robot_1'.
        compression: None, 'message', 'file' or 'storage'.
    """

    def __init__(
        self,
        path: Path,
        storage: str = 'mcap',
        namespace: str = '',
        compression: str | None = None,
    ) -> None:
        plugin = StoragePlugin[storage.upper()]
        self.path, self.namespace = path, namespace
        self.writer = Writer(path, version=9, storage_plugin=plugin)
        if compression:
            mode = CompressionMode[compression.upper()]
            self.writer.set_compression(mode, CompressionFormat.ZSTD)
        self._connections: dict[str, Any] = {}

    def __enter__(self) -> BagFactory:
        self.writer.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.writer.close()

    def write(self, topic: str, stamp_ns: int, message: Any) -> None:
        """Writes a message that was received at `stamp_ns`."""
        name, kind = f'{self.namespace}/{topic}', message.__msgtype__
        if name not in self._connections:
            self._connections[name] = self.writer.add_connection(name, kind, typestore=typestore())
        data = typestore().serialize_cdr(message, kind)
        self.writer.write(self._connections[name], stamp_ns, bytes(data))

    def event(
        self, event: int, stamp_ns: int, name: str, outcome: int = 0, instruction: str = 'open it'
    ) -> None:
        """START or END of an episode."""
        message = make(
            'frs_ros/msg/Episode', header=header(stamp_ns), event=event, id=name, seed=7,
            instruction=instruction, outcome=outcome, steps=10,
        )  # fmt: skip
        self.write('episode', stamp_ns, message)

    def observation(
        self, stamp_ns: int, cameras: Sequence[str] = CAMERAS, *, raw: bool = False
    ) -> None:
        """Robot state and images of one instant."""
        state = make(
            'frs_ros/msg/RobotState', header=header(stamp_ns),
            policy_state=np.linspace(0, 1, S) + 1e-9 * (stamp_ns - START_NS),
        )  # fmt: skip
        self.write('robot_state', stamp_ns, state)
        for camera in cameras:
            if raw:
                self.raw_image(camera, stamp_ns)
            else:
                image = make(
                    'sensor_msgs/msg/CompressedImage', header=header(stamp_ns), format='jpeg',
                    data=jpeg(stamp_ns, camera),
                )  # fmt: skip
                self.write(f'{camera}/color/image_raw/compressed', stamp_ns, image)

    def raw_image(self, camera: str, stamp_ns: int, height: int = 48, width: int = 64) -> None:
        """An uncompressed image."""
        image = make(
            'sensor_msgs/msg/Image', header=header(stamp_ns), height=height, width=width,
            encoding='rgb8', step=3 * width,
            data=pixels(stamp_ns, camera, height, width).ravel(),
        )  # fmt: skip
        self.write(f'{camera}/color/image_raw', stamp_ns, image)

    def plan(self, stamp_ns: int, request: int, name: str, guided: bool, **changes: Any) -> None:
        """A request, its chunk and the report; `changes` of the chunk."""
        asked = make(
            'frs_ros/msg/PlanRequest', header=header(stamp_ns), request_id=request,
            episode_id=name, seed=7, instruction='open it',
        )  # fmt: skip
        self.write('plan_request', stamp_ns + MS, asked)
        self.write('action_chunk', stamp_ns + 2 * MS, chunk(stamp_ns, request, name, **changes))
        report = make(
            'frs_ros/msg/SteeringReport', header=header(stamp_ns), request_id=request,
            episode_id=name, guided=guided,
        )  # fmt: skip
        self.write('steering_report', stamp_ns + 3 * MS, report)

    def episode(
        self,
        name: str = 'e0',
        began_ns: int = START_NS,
        *,
        plans: int = 4,
        outcome: int | None = SUCCESS,
        cameras: Sequence[str] = CAMERAS,
        raw: bool = False,
        instruction: str = 'open it',
        **changes: Any,
    ) -> int:
        """A lockstep episode, a plan every 100 ms, half of them guided; None: without an end.

        Returns:
            The stamp of its end.
        """
        self.event(START, began_ns, name, instruction=instruction)
        for request in range(plans):
            stamp_ns = began_ns + (request + 1) * 100 * MS
            self.observation(stamp_ns, cameras, raw=raw)
            self.plan(stamp_ns, request, name, request % 2 == 0, **changes)
        ended_ns = began_ns + (plans + 1) * 100 * MS
        if outcome is not None:
            self.event(END, ended_ns, name, outcome, instruction=instruction)
        return ended_ns


def write_bag(path: Path, episodes: int = 2, **options: Any) -> Path:
    """A finished bag of successes, 5 s apart; options of `BagFactory` or of its `episode`."""
    mine = {k: options.pop(k) for k in ('storage', 'namespace', 'compression') if k in options}
    with BagFactory(path, **mine) as bag:
        for number in range(episodes):
            bag.episode(f'e{number}', START_NS + 5 * NS * number, **options)
    return path
