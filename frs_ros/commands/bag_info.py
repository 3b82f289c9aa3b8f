# SPDX-License-Identifier: Apache-2.0
"""`frs bag info`: what is in a bag."""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frs_ros.commands.options import byte_bar
from frs_ros.text import printable

if TYPE_CHECKING:
    from frs_ros.datasets.bag_summary import BagSummary


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of the command."""
    option = parser.add_argument
    option('bags', nargs='+', type=Path, metavar='BAG', help='bags, or folders of bags')
    option('--json', type=Path, help='write it to this file, too')


def run(args: argparse.Namespace) -> int:
    """Reads and prints."""
    from frs_ros.bags.read.bag_reader import open_bags
    from frs_ros.datasets.bag_summary import summarise
    from frs_ros.evaluation.report import write_json

    bags = open_bags(args.bags)
    summaries = []
    for bag in bags:
        with byte_bar(bag.size) as show:
            summaries.append(summarise(bag, show))
        print(_text(summaries[-1]))
    if args.json:
        write_json(args.json, {'bags': [_json(summary) for summary in summaries]})
    return 0


def _json(summary: BagSummary) -> dict[str, Any]:
    values = asdict(summary)
    for topic, values_of_topic in zip(summary.topics, values['topics']):
        values_of_topic['rate'] = topic.rate
    return values


def _text(summary: BagSummary) -> str:
    from frs_ros.bags.read.bag_file import spell_time

    state = 'finished' if summary.finished else 'NOT finished'
    seconds = 1e-9 * (summary.end_ns - summary.start_ns)
    lines = [
        f'{summary.path}: {summary.storage}, {_bytes(summary.size)}, {state}',
        f'  {spell_time(summary.start_ns)}, {seconds:.1f} s'
        if any(topic.count for topic in summary.topics)
        else '  no messages',
    ]
    lines += [f'  {note}' for note in summary.notes]
    lines += ['', *_episodes(summary), '', *_topics(summary)]
    if summary.missing:
        lines.append(f'  frs bag convert lacks: {", ".join(summary.missing)}')
    return '\n'.join(printable(line) for line in lines) + '\n'  # it quotes the bag


def _episodes(summary: BagSummary) -> list[str]:
    if not summary.episodes:
        return ['  no episodes']
    outcomes = Counter(episode.outcome for episode in summary.episodes)
    counted = ', '.join(f'{count} {outcome}' for outcome, count in outcomes.items())
    lines = [
        f'  {len(summary.episodes)} episodes: {counted}',
        f'  {"id":24} {"outcome":8} {"s":>6} {"chunks":>6} {"steered":>7}  instruction',
    ]
    for e in summary.episodes:
        policies = ','.join(e.policies) if e.policies != ('',) else ''
        lines.append(
            f'  {e.id:24} {e.outcome:8} {e.duration:6.1f} {e.chunks:6} {e.steered_share:7.0%}  '
            f'{e.instruction}'
            + (f' ({e.reason})' if e.reason else '')
            + (f' [policy {policies}]' if policies else '')
            + (f' [{e.without_noise} chunks without noise]' if e.without_noise else '')
        )
    return lines


def _topics(summary: BagSummary) -> list[str]:
    width = max((len(topic.name) for topic in summary.topics), default=0)
    lines = [f'  {"topic":{width}} {"count":>8} {"Hz":>8} {"size":>9} {"lost":>6}  type']
    for topic in summary.topics:
        lost = '?' if summary.dropped is None else summary.dropped.get(topic.name, 0)
        lines.append(
            f'  {topic.name:{width}} {topic.count:8} {topic.rate:8.1f} {_bytes(topic.size):>9} '
            f'{lost:>6}  {topic.type}'
        )
    return lines


def _bytes(size: int) -> str:
    value = float(size)
    for unit in ('B', 'kB', 'MB'):
        if value < 1000:
            return f'{value:.0f} {unit}' if unit == 'B' else f'{value:.1f} {unit}'
        value /= 1000
    return f'{value:.1f} GB'
