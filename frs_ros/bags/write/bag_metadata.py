# SPDX-License-Identifier: Apache-2.0
"""metadata.yaml of a bag, version 9, as rosbag2 of ROS 2 Jazzy and later writes it."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from frs_ros.bags.storage import BagTopic

FILE = 'metadata.yaml'
VERSION = 9
ROOT = 'rosbag2_bagfile_information'
DROPPED = 'frs_ros.dropped'  # custom data: YAML of topic -> messages that were lost
STATE = 'frs_ros.state'  # custom data: one of the following
RECORDING, COMPLETE, STOPPED = 'recording', 'complete', 'stopped by an error'


@dataclass(frozen=True)
class BagSummary:
    """What metadata.yaml says.

    Attributes:
        storage: Identifier of the storage, 'mcap' or 'sqlite3'.
        file: Name of the file with the messages.
        topics: All topics.
        counts: Name of a topic -> messages; a topic that is not there has none.
        start_ns: Log time of the first message, 0 without messages.
        end_ns: Log time of the last message.
        custom: Further texts.
    """

    storage: str
    file: str
    topics: Sequence[BagTopic] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    start_ns: int = 0
    end_ns: int = 0
    custom: Mapping[str, str] = field(default_factory=dict)


def information(summary: BagSummary) -> dict:
    """The mapping below `ROOT`."""
    count = sum(summary.counts.values())
    start = {'nanoseconds_since_epoch': summary.start_ns}
    duration = {'nanoseconds': max(0, summary.end_ns - summary.start_ns)}
    return {
        'version': VERSION,
        'storage_identifier': summary.storage,
        'duration': duration,
        'starting_time': start,
        'message_count': count,
        'topics_with_message_count': [
            {
                'topic_metadata': {
                    'name': topic.name,
                    'type': topic.type,
                    'serialization_format': 'cdr',
                    'offered_qos_profiles': [copy.deepcopy(dict(q)) for q in topic.qos],
                    'type_description_hash': topic.type_hash,
                },
                'message_count': summary.counts.get(topic.name, 0),
            }
            for topic in summary.topics
        ],
        'compression_format': '',
        'compression_mode': '',
        'relative_file_paths': [summary.file],
        'files': [
            {
                'path': summary.file,
                'starting_time': dict(start),  # a copy: YAML would refer to the other one
                'duration': dict(duration),
                'message_count': count,
            }
        ],
        'custom_data': dict(summary.custom) or None,
        'ros_distro': ros_distro(),
    }


def ros_distro() -> str:
    """Of the environment; ours are bags without one if there is none."""
    return os.environ.get('ROS_DISTRO') or 'frs_ros'


def text(content: Mapping) -> str:
    """As YAML."""
    return str(yaml.safe_dump(content, sort_keys=False))


def save(folder: Path, summary: BagSummary) -> None:
    """Writes metadata.yaml; it appears whole or not at all."""
    temporary = folder / f'.{FILE}.part'
    temporary.write_text(text({ROOT: information(summary)}), 'utf-8')
    temporary.replace(folder / FILE)
