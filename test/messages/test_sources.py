# SPDX-License-Identifier: Apache-2.0
"""Two publishers of one topic, against one that was started again."""

from __future__ import annotations

from frs_ros.messages.sources import LASTS, REMEMBERED, Sources


def heard(sources: Sources, names: str, start: float = 0.0) -> list[bool]:
    return [sources.heard('image', name, start + n * 0.1) for n, name in enumerate(names)]


def test_one_source_and_its_successors_are_not_mixed():
    assert not any(heard(Sources(), 'aaabbbbccc'))


def test_of_two_the_first_comes_back():
    assert heard(Sources(), 'aabab') == [False, False, False, True, True]


def test_it_is_over_when_one_is_left():
    sources = Sources()
    assert heard(sources, 'aba')[-1]
    assert not heard(sources, 'a', 0.2 + LASTS)[-1]
    assert not sources.mixed('image', 0.2 + LASTS)


def test_topics_are_watched_one_by_one():
    sources = Sources()
    heard(sources, 'aba')
    assert not sources.heard('other', 'b', 0.3)


def test_without_ids_nothing_is_said():
    assert not any(sources_heard for sources_heard in [Sources().heard('x', '', 0.0)] * 3)


def test_memory_is_bounded():
    sources = Sources()
    for n in range(10 * REMEMBERED):
        assert not sources.heard('image', str(n), float(n))
    assert not sources.heard('image', '0', 1000.0)  # forgotten long ago
