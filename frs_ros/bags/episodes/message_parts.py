# SPDX-License-Identifier: Apache-2.0
"""What recorded messages say, whoever deserialised them: rclpy and rosbags name fields alike.

Nothing in a bag is trusted: a message whose numbers disagree is a DataError, which callers count.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from frs_ros.cameras.codec import decode_image
from frs_ros.cameras.raw_image import raw_to_rgb
from frs_ros.errors import DataError
from frs_ros.messages.plan import ActionChunk
from frs_ros.text import shown
from frs_ros.types import ACTION_SPACES

NS = 1_000_000_000

START, END = 1, 2  # Episode.event
OUTCOMES = {0: 'unknown', 1: 'success', 2: 'failure', 3: 'aborted'}  # Episode.outcome


@dataclass(frozen=True)
class Deferred:
    """A message of which only the stamp is known; deserialised if it turns out to be needed.

    Attributes:
        stamp_ns: Its header.stamp.
        load: Deserialises it; DataError if that fails.
    """

    stamp_ns: int
    load: Callable[[], Any]


def stamp_of(message: Any) -> int:
    """header.stamp in nanoseconds."""
    if isinstance(message, Deferred):
        return message.stamp_ns
    stamp = message.header.stamp
    return int(stamp.sec) * NS + int(stamp.nanosec)


def loaded(message: Any) -> Any:
    """The message itself, deserialised if that was deferred."""
    return message.load() if isinstance(message, Deferred) else message


def chunk_of(message: Any) -> ActionChunk:
    """The chunk of an ActionChunk; DataError if sizes disagree or an action is not finite."""
    horizon, dim, width = int(message.horizon), int(message.action_dim), int(message.model_dim)
    actions = np.asarray(message.actions, dtype=np.float64)
    noise = np.asarray(message.noise, dtype=np.float32)
    where = f'chunk {message.request_id} of episode {shown(message.episode_id)}'
    if horizon < 1 or dim < 1 or actions.size != horizon * dim:
        raise DataError(f'{where} has {actions.size} action numbers, not {horizon} x {dim}')
    if noise.size != horizon * width:
        raise DataError(f'{where} has {noise.size} noise numbers, not {horizon} x {width}')
    if not np.isfinite(actions).all():
        raise DataError(f'{where} has actions that are not finite')
    if not 1 <= message.execute_steps <= horizon:
        raise DataError(f'{where} executes {message.execute_steps} of {horizon} actions')
    if message.action_space not in ACTION_SPACES or not 0 < message.control_hz < math.inf:
        raise DataError(
            f'{where} has action space {shown(message.action_space)} at {message.control_hz} Hz'
        )
    return ActionChunk(
        request_id=int(message.request_id),
        episode_id=str(message.episode_id),
        actions=actions.reshape(horizon, dim),
        noise=noise.reshape(horizon, width),
        execute_steps=int(message.execute_steps),
        method=str(message.method),
        stamp_ns=stamp_of(message),
        space=str(message.action_space),
        control_hz=float(message.control_hz),
        policy_id=str(getattr(message, 'policy_id', '')),  # older bags do not say
    )


def seed_of(message: Any) -> int:
    """The seed of an episode; a bag whose definition says int64 means the same bits."""
    return int(message.seed) % 2**64


def state_of(message: Any) -> np.ndarray:
    """[S] proprioception of a RobotState; DataError if it is empty, misshapen or not finite."""
    state = np.array(loaded(message).policy_state, dtype=np.float64)
    if state.ndim != 1 or not state.size or not np.isfinite(state).all():
        raise DataError('RobotState.policy_state is no list of finite numbers')
    return state


def image_of(message: Any) -> np.ndarray:
    """[h, w, 3] uint8 RGB of a CompressedImage or Image; DataError if it is unreadable."""
    message = loaded(message)
    if hasattr(message, 'encoding'):
        return raw_to_rgb(message)
    if 'compressedDepth' in message.format:
        raise DataError(f'CompressedImage.format is {shown(message.format)}, a depth image')
    return decode_image(np.asarray(message.data, dtype=np.uint8))
