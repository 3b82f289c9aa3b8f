# SPDX-License-Identifier: Apache-2.0
"""What is looked at before the nodes of a graph are started, by `frs up` and launch files alike.

What a node cannot start with would cost a traceback of the middleware and five restarts each.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from collections.abc import Iterable

from frs_ros.doctor import ros_graph
from frs_ros.doctor.finding import Level, Options
from frs_ros.doctor.system import LocalSystem, System
from frs_ros.errors import ConfigError

_PID = struct.Struct('3i')  # of SO_PEERCRED: process, user, group
_claims: list[socket.socket] = []  # they last as long as this process


def check(words: Iterable[str] = (), system: System | None = None) -> list[str]:
    """Warnings, a line each; ConfigError with all that keeps nodes from starting.

    Args:
        words: What the user has written, which must arrive as text.
        system: The machine; this one unless given.
    """
    system = system or LocalSystem()
    options = Options()
    findings = [
        *ros_graph.domain(system, options),
        *ros_graph.discovery(system, options),
        *ros_graph.installed(system),
    ]
    if not all(word.isascii() for word in words):
        findings += ros_graph.locale(system, options)
    off = system.environment.get('ROS_AUTOMATIC_DISCOVERY_RANGE') == 'OFF'
    warnings, errors = [], []
    for finding in findings:
        line = f'{finding.name}: {finding.what}; {finding.fix}'
        if finding.level is Level.FAIL and not (off and finding.name == ros_graph.DISCOVERY):
            errors.append(line)
        elif finding.level is Level.FAIL:
            warnings.append(line)
        elif finding.level is Level.WARN and finding.name == 'locale':
            errors.append(line)  # rclpy refuses such words
    if errors:
        raise ConfigError('; '.join(errors))
    return warnings


def claim(namespace: str = '') -> str:
    """Takes domain and namespace for the graph of this process until it ends.

    Returns:
        A warning if another graph of this machine has them; '' if not, or where it is not known
        (Linux only).
    """
    if not sys.platform.startswith('linux'):
        return ''
    domain = os.environ.get('ROS_DOMAIN_ID') or '0'
    name = f'\0frs_ros graph, domain {domain}, namespace /{namespace}'
    mark = socket.socket(socket.AF_UNIX)  # a name without a file, gone with its process
    try:
        mark.bind(name)
        mark.listen()
    except OSError:
        mark.close()
        where = f'ROS domain {domain}' + (f', namespace /{namespace}' if namespace else '')
        return (
            f'another graph{_owner(name)} runs in {where}: the nodes of both would mix; end it, '
            'or give this one a ROS_DOMAIN_ID of its own'
        )
    _claims.append(mark)
    return ''


def _owner(name: str) -> str:
    """Process that has a name, in words; '' if it does not say."""
    with socket.socket(socket.AF_UNIX) as asker:
        try:
            asker.settimeout(0.5)
            asker.connect(name)
            data = asker.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PID.size)
        except OSError:
            return ''
        return f' (process {_PID.unpack(data)[0]})'
