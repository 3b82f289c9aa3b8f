# SPDX-License-Identifier: Apache-2.0
"""Runs graphs to their end in a ROS domain of their own, and returns what they did."""

from __future__ import annotations

import dataclasses
import itertools
import os
import random
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from frs_ros.bags.episodes.tape import Recording
from frs_ros.bringup.graph import Process
from frs_ros.bringup.listeners.episode_listener import EpisodeListener
from frs_ros.bringup.supervisor import ENVIRONMENT, Command, Supervisor
from frs_ros.errors import ConfigError, FrsError

DOMAINS = range(1, 102)  # above, the ports of DDS may collide with those of other programs
# UDP ports of the participants in a domain, two for each (DDS-RTPS, 9.6.2.3)
_FIRST_PORT, _DOMAIN_PORTS, _PARTICIPANTS = 7410, 250, 60


class GraphError(FrsError):
    """A node failed, so the graph could not go on."""


def run_recorded(
    graphs: Mapping[str, Sequence[Process]],
    listener: Callable[[int], EpisodeListener],
    log: Path,
) -> dict[str, Recording]:
    """Starts all graphs at once and waits until every one has ended by itself.

    Args:
        graphs: Namespace -> processes of its graph, one of which ends by itself.
        listener: Makes the listener of these namespaces for a ROS domain.
        log: File for the output of all nodes.

    Returns:
        Namespace -> what was recorded.

    Raises:
        GraphError: A node failed; says which and its last words.
        KeyboardInterrupt: A signal ended the run.
    """
    domain = free_domain()
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')  # for the listener
    with listener(domain) as listening:
        run_graphs(graphs, domain, log)
    return listening.recordings


def run_graphs(
    graphs: Mapping[str, Sequence[Process]],
    domain: int,
    log: Path,
    begun: Callable[[Supervisor], None] = lambda supervisor: None,
) -> None:
    """Runs graphs until they end by themselves or their supervisor is told to finish.

    Args:
        graphs: Namespace ('' for none) -> processes of its graph.
        domain: ROS domain.
        log: File for the output of all nodes.
        begun: Given the supervisor before it runs.

    Raises:
        GraphError: A node failed; says which and its last words.
        KeyboardInterrupt: A signal ended the run.
    """
    environment = {**ENVIRONMENT, **os.environ, 'ROS_DOMAIN_ID': str(domain)}
    last: dict[str, str] = {}
    with log.open('w', encoding='utf-8') as stream:

        def say(line: str) -> None:
            stream.write(line + '\n')
            stream.flush()
            if line.startswith('['):
                name, _, text = line[1:].partition('] ')
                last[name] = text or last.get(name, '')

        supervisor = Supervisor(_commands(graphs), say, environment)
        begun(supervisor)
        supervisor.run()
    if supervisor.interrupted:
        raise KeyboardInterrupt
    if supervisor.failed:
        words = last.get(supervisor.failed, 'without a word').replace('frs_ros: ', '', 1)
        raise GraphError(f'node {supervisor.failed} failed: {words} (all output: {log})')


def free_domain() -> int:
    """The domain of ROS_DOMAIN_ID if that is set, else one in which nobody is on this machine."""
    chosen = os.environ.get('ROS_DOMAIN_ID', '')
    if chosen:
        if not chosen.isdigit() or int(chosen) > 232:
            raise ConfigError(f"ROS_DOMAIN_ID is '{chosen}'; it must be a number from 0 to 232")
        return int(chosen)
    start = random.SystemRandom().randrange(len(DOMAINS))  # concurrent runs try different ones
    candidates = itertools.islice(itertools.cycle(DOMAINS), start, start + len(DOMAINS))
    for domain in candidates:
        if is_free(domain):
            return domain
    raise ConfigError('every ROS domain is in use on this machine; name one by ROS_DOMAIN_ID')


def is_free(domain: int) -> bool:
    """Whether no process of this machine is in a ROS domain, also if those before it have left."""
    first = _FIRST_PORT + _DOMAIN_PORTS * domain
    for port in range(first, first + 2 * _PARTICIPANTS, 2):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(('', port))
            except OSError:
                return False
    return True


def _commands(graphs: Mapping[str, Sequence[Process]]) -> list[Command]:
    return [
        dataclasses.replace(process, namespace=namespace).supervised()
        for namespace, processes in graphs.items()
        for process in processes
    ]
