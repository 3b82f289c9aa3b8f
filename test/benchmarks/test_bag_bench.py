# SPDX-License-Identifier: Apache-2.0
"""The benchmark of the reader: both ways read all of one bag, and only of one."""

from __future__ import annotations

from pathlib import Path

import pytest
from bag_factory import write_bag

from frs_ros.bags.read.bag_reader import open_bags
from frs_ros.benchmarks.bag import measure
from frs_ros.errors import DataError


def test_both_ways_read_the_whole_bag(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / 'bags' / 'one')
    found = measure(tmp_path / 'bags', rounds=2)
    assert found.messages == sum(1 for _ in open_bags([bag])[0].messages())
    assert found.samples == 8
    assert len(found.plain) == len(found.dataset) == 2
    assert found.ratio() > 0


def test_several_bags_are_no_pair(tmp_path: Path) -> None:
    for name in ('one', 'two'):
        write_bag(tmp_path / name)
    with pytest.raises(DataError, match='holds 2 bags; name one'):
        measure(tmp_path, rounds=1)


def test_what_rosbags_cannot_read_is_no_comparison(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / 'bag')
    (bag / 'metadata.yaml').unlink()
    with pytest.raises(DataError, match='cannot be read by rosbags'):
        measure(bag, rounds=1)
