# SPDX-License-Identifier: Apache-2.0
"""What a bag says about a topic, and what every storage of bags offers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True)
class BagTopic:
    """A topic as it stands in a bag.

    Attributes:
        name: With its namespace.
        type: Such as 'sensor_msgs/msg/Image'.
        definition: Fields of the type and its parts, in the format `ros2msg`.
        type_hash: RIHS01 of the type, REP 2016.
        qos: Offered quality of service, one mapping per publisher, as in rosbag2's metadata
            version 9; may be empty.
    """

    name: str
    type: str
    definition: str
    type_hash: str
    qos: tuple[Mapping[str, Any], ...] = ()


class Storage(Protocol):
    """A file of messages. Used by one thread; every method may raise OSError.

    What was written before the last `flush` survives `kill -9`. An error gives up what was written
    since then, and leaves the file as it was.

    Attributes:
        identifier: Name of the storage in metadata.yaml.
        path: The file.
    """

    identifier: str
    path: Path

    @property
    def buffered(self) -> int:
        """Bytes written since the last flush."""

    def add_topic(self, topic: BagTopic) -> int:
        """Declares a topic; returns its number for `write`."""

    def write(self, number: int, log_ns: int, publish_ns: int, data: bytes) -> None:
        """Takes a serialized message.

        Args:
            number: Of its topic.
            log_ns: When it was received, ns since the epoch.
            publish_ns: When it was sent.
            data: CDR with encapsulation header.
        """

    def flush(self) -> None:
        """Hands everything to the operating system."""

    def close(self, metadata: str) -> None:
        """Finishes the file; `metadata` is the YAML that also stands beside it."""

    def abandon(self) -> None:
        """Closes the file as it is, without any further writing; raises nothing."""
