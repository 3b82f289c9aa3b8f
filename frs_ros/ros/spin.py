# SPDX-License-Identifier: Apache-2.0
"""The life of a node process, from arguments to exit code."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node

from frs_ros.errors import ConfigError, FrsError
from frs_ros.lifeline import end_with_parent


def run(make_node: Callable[[], Node], args: Sequence[str] | None = None) -> int:
    """Makes a node and serves it until Ctrl-C, SIGTERM or its own end.

    A node that ends by itself has an attribute `done`, an rclpy Future that it fulfils. Nothing
    beyond this machine is reached unless ROS_AUTOMATIC_DISCOVERY_RANGE says so.

    Args:
        make_node: Called without arguments once rclpy is initialised.
        args: Command line; None for that of the process.

    Returns:
        Exit code: 0 after a normal end, 2 after an FrsError, whose line is on stderr.
    """
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    end_with_parent()
    node = executor = None
    try:
        _init(args)
        node = make_node()
        # It lives on to the end: rclpy's thread for signals may still wake it when the spin is
        # over, and crashes if it is gone.
        executor = SingleThreadedExecutor()
        _spin(node, executor)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except FrsError as error:
        return _complain(str(error))
    except ModuleNotFoundError as error:
        return _complain(f"the Python library '{error.name}' is not installed; run 'make setup'")
    except Exception:
        if rclpy.ok():
            raise
        # a signal while the node was being made: what it needed next was gone
    finally:
        # in a terminal a node gets Ctrl-C twice, from the terminal and from launch
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()
    return 0


def _complain(line: str) -> int:
    print(f'frs_ros: {line}', file=sys.stderr, flush=True)
    return 2


def _init(args: Sequence[str] | None) -> None:
    try:
        rclpy.init(args=None if args is None else list(args))
    except RuntimeError as error:
        # rclpy's RCLError: 'failed to initialize rcl: <reason>, at <source file>'
        reason = str(error).split(', at /')[0].split('lexeme')[0]
        raise ConfigError(f'ROS arguments: {reason}') from error


def _spin(node: Node, executor: SingleThreadedExecutor) -> None:
    executor.add_node(node)
    done = getattr(node, 'done', None)
    if done is None:
        executor.spin()
    else:
        executor.spin_until_future_complete(done)
