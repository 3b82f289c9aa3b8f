# SPDX-License-Identifier: Apache-2.0
"""What a robot cell did within some seconds, in numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

TARGET = 5e-3  # s, 99th percentile from a chunk's arrival to the first command from it


@dataclass
class CellTape:
    """What was heard of a cell; times in s, stamps in ns.

    Attributes:
        chunk_to_command: Request id -> time from the chunk's arrival to its first command.
        latencies: Time from request to chunk, one for each plan.
        images: Camera -> JPEG files in the order of arrival.
        state_stamps: Stamps of the joint states.
        counters: Counters of the controller's newest status by name.
    """

    chunk_to_command: dict[int, float] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    images: dict[str, list[bytes]] = field(default_factory=dict)
    state_stamps: list[int] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)


def summary(tape: CellTape, seconds: float, number_of: Callable[[bytes], int]) -> dict[str, Any]:
    """Numbers of a run.

    Args:
        tape: What was heard.
        seconds: For how long.
        number_of: Reads the number that the camera gave to an image.
    """
    cameras = {
        name: frames([number_of(image) for image in images], seconds)
        for name, images in tape.images.items()
    }
    to_command = milliseconds(list(tape.chunk_to_command.values()))
    periods = 1e-9 * np.diff(np.sort(np.array(tape.state_stamps, dtype=np.int64)))
    p99 = to_command['p99']
    return {
        'seconds': round(seconds, 1),
        'chunks': len(tape.chunk_to_command),
        'chunk_to_command_ms': to_command,
        'target_ms': 1e3 * TARGET,
        'target_reached': p99 is not None and p99 < 1e3 * TARGET,
        'cameras': cameras,
        'all_frames_delivered': bool(cameras)
        and all(c['received'] and not c['missing'] for c in cameras.values()),
        'plan_latency_ms': milliseconds(tape.latencies),
        'state_period_ms': milliseconds(periods),
        'controller': dict(tape.counters),
    }


def frames(numbers: Sequence[int], seconds: float) -> dict[str, Any]:
    """How many images arrived of those that a camera made between the first and the last."""
    made = max(numbers) - min(numbers) + 1 if numbers else 0
    return {
        'made': made,
        'received': len(set(numbers)),
        'missing': made - len(set(numbers)),
        'per_second': round(len(numbers) / seconds, 2),
    }


def milliseconds(seconds: Sequence[float] | np.ndarray) -> Mapping[str, float | None]:
    """p50, p99 and largest value; None if there is none."""
    if len(seconds) == 0:
        return {'p50': None, 'p99': None, 'max': None}
    values = 1e3 * np.asarray(seconds, dtype=np.float64)
    p50, p99 = np.percentile(values, (50, 99))
    return {
        name: round(float(value), 3)
        for name, value in (('p50', p50), ('p99', p99), ('max', values.max()))
    }


def text(results: Mapping[str, Any]) -> str:
    """The results for people."""
    reached = 'reached' if results['target_reached'] else 'MISSED'
    to_command, state = results['chunk_to_command_ms'], results['state_period_ms']
    lines = [
        f'chunks             {results["chunks"]} in {results["seconds"]} s',
        f'chunk to command   p50 {to_command["p50"]} ms, p99 {to_command["p99"]} ms, max '
        f'{to_command["max"]} ms; target p99 < {results["target_ms"]:g} ms {reached}',
        f'plan latency       p50 {results["plan_latency_ms"]["p50"]} ms, p99 '
        f'{results["plan_latency_ms"]["p99"]} ms',
        f'state period       p50 {state["p50"]} ms, p99 {state["p99"]} ms, max {state["max"]} ms',
    ]
    for name, camera in results['cameras'].items():
        lines.append(
            f'camera {name:11} {camera["received"]} of {camera["made"]} images, '
            f'{camera["per_second"]} per s'
        )
    return '\n'.join(lines)
