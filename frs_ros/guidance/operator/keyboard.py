# SPDX-License-Identifier: Apache-2.0
"""Keys to guidance: a pure state machine, free of terminals and clocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from frs_ros.guidance.operator.view import turned
from frs_ros.messages.guidance import Gripper, Guidance

SOURCE = 'keyboard'

DIRECTIONS: Mapping[str, tuple[float, float, float]] = MappingProxyType(
    {
        'w': (1.0, 0.0, 0.0),
        's': (-1.0, 0.0, 0.0),
        'a': (0.0, 1.0, 0.0),
        'd': (0.0, -1.0, 0.0),
        'q': (0.0, 0.0, 1.0),
        'e': (0.0, 0.0, -1.0),
    }
)
GRIPPER_KEY = 'g'
GRIPPERS: Mapping[str, Gripper] = MappingProxyType(
    {'o': Gripper.OPEN, 'c': Gripper.CLOSE, 'p': Gripper.POLICY}
)
DEFER_KEY = 'f'
STOP_KEY = ' '
MAGNITUDES: Mapping[str, float] = MappingProxyType({'1': 0.25, '2': 0.5, '3': 0.75, '4': 1.0})

_OPPOSITE = {'w': 's', 's': 'w', 'a': 'd', 'd': 'a', 'q': 'e', 'e': 'q'}
_NEXT_GRIPPER = {
    Gripper.POLICY: Gripper.OPEN,
    Gripper.OPEN: Gripper.CLOSE,
    Gripper.CLOSE: Gripper.POLICY,
}


@dataclass(frozen=True)
class Keyboard:
    """What the keys pressed so far mean. Terminals report presses but no releases.

    A tap therefore steers for `hold` seconds, and a key held down keeps steering through the
    terminal's repeats; silence always ends in the unsteered policy.

    Attributes:
        hold: Seconds a tap lasts; longer than the terminal's delay before the first repeat.
        magnitude: Speed of the next directions.
        view_yaw: Heading in which the operator looks, rad; see `turned`.
        gripper: Gripper command that goes with each motion; alone it lasts one tap.
        defer: The operator has left the motion to the policy, until the next motion key.
        presses: Key -> stamp of its last press, in nanoseconds, of keys that may still steer.
    """

    hold: float = 0.7
    magnitude: float = 1.0
    view_yaw: float = 0.0
    gripper: Gripper = Gripper.POLICY
    defer: bool = False
    presses: Mapping[str, int] = field(default_factory=dict)

    def press(self, key: str, stamp_ns: int) -> Keyboard:
        """The state after a key; unknown keys change nothing."""
        key = key.lower()
        if key in DIRECTIONS or key in GRIPPERS or key == GRIPPER_KEY:
            after = _NEXT_GRIPPER[self.gripper] if key == GRIPPER_KEY else self.gripper
            gripper = GRIPPERS.get(key, after)
            presses = {**self._alive(stamp_ns), key: stamp_ns}
            presses.pop(_OPPOSITE.get(key, ''), None)  # turning back takes effect at once
            return replace(self, gripper=gripper, defer=False, presses=presses)
        if key in MAGNITUDES:
            return replace(self, magnitude=MAGNITUDES[key])
        if key == DEFER_KEY:
            return replace(self, defer=True, presses={})
        if key == STOP_KEY:
            return replace(self, gripper=Gripper.POLICY, defer=False, presses={})
        return self

    def guidance(self, stamp_ns: int) -> Guidance:
        """The guidance at an instant: the sum of the directions that are still held."""
        alive = self._alive(stamp_ns)
        total = np.sum([DIRECTIONS[k] for k in alive if k in DIRECTIONS] or [(0.0,) * 3], axis=0)
        return Guidance(
            direction=turned(total, self.view_yaw),
            gripper=self.gripper,
            magnitude=self.magnitude,
            enabled=bool(alive) or self.defer,
            defer=self.defer,
            source=SOURCE,
            stamp_ns=stamp_ns,
        )

    def _alive(self, stamp_ns: int) -> dict[str, int]:
        """Presses within `hold`; one from the future (the clock was set back) is over."""
        limit = self.hold * 1e9
        return {k: s for k, s in self.presses.items() if 0 <= stamp_ns - s < limit}


def help_text() -> str:
    """The keys, for a terminal."""
    speeds = ', '.join(f'{key}: {speed:g}' for key, speed in MAGNITUDES.items())
    return '\n'.join(
        [
            'W / S  forward / back',
            'A / D  left / right',
            'Q / E  up / down',
            'O C P  gripper: open, closed, as the policy likes',
            f'{GRIPPER_KEY.upper()}      the next of these three',
            f'{speeds}  speed, as a share of full command',
            f'{DEFER_KEY.upper()}      leave the motion to the policy (fine work)',
            'space  stop steering and forget the gripper command',
        ]
    )
