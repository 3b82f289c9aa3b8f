# SPDX-License-Identifier: Apache-2.0
"""Parameters of the node `bag_player`."""

from __future__ import annotations

from dataclasses import dataclass

from frs_ros.errors import ConfigError
from frs_ros.ros.options import parameter


@dataclass(frozen=True)
class BagPlayerParameters:
    """Parameters of the node `bag_player`."""

    bag: str = parameter('', 'Bag to play: its folder, or a file of MCAP or SQLite.')
    rate: float = parameter(1.0, 'Seconds of the recording per second.', low=0.01, high=100.0)
    loop: bool = parameter(False, 'Whether it begins again at the end.')
    stay: bool = parameter(False, 'Whether the node stays after the end, until Ctrl-C.')
    start_paused: bool = parameter(False, 'Whether it waits for space, `~/resume` or a step.')
    start_offset: float = parameter(
        0.0, 'What is left out at the beginning of the recording, s.', low=0.0, high=1e6
    )
    topics: str = parameter(
        '', 'Topics to play, with commas between them; ends of names will do; empty for all.'
    )
    prefix: str = parameter('', 'Namespace put before all topics, such as /replayed.')
    clock: float = parameter(
        0.0, 'Rate at which /clock is published, Hz; 0 for no clock.', low=0.0, high=1000.0
    )
    as_fast_as_possible: bool = parameter(
        False, 'Play without pauses, only as fast as reliable subscribers acknowledge.'
    )
    wait_for: int = parameter(
        0,
        'Subscribers to wait for, counted over all topics; 0 for whoever is found within 3 s.',
        low=0,
        high=1000,
    )
    wait_limit: float = parameter(
        30.0, 'Time for which the wanted subscribers are waited for, s.', low=0.0, high=3600.0
    )

    def __post_init__(self) -> None:
        if self.as_fast_as_possible and self.rate != 1.0:
            raise ConfigError('a rate and as_fast_as_possible exclude each other')
