# SPDX-License-Identifier: Apache-2.0
"""The life of a node process, from arguments to exit code."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence

import rclpy
from rclpy.exceptions import NameValidationException
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node

from frs_ros.errors import ConfigError, FrsError, not_installed
from frs_ros.lifeline import end_with_parent
from frs_ros.text import one_line

EXIT_FAILED = 1  # while it ran; starting it again may help
EXIT_CONFIG = 2  # it could not start: starting it again would not help

# what rclpy raises for some names that are not allowed, instead of a NameValidationException
_NAMES = ('failed to resolve name', 'unknown substitution')


def run(make_node: Callable[[], Node], args: Sequence[str] | None = None) -> int:
    """Makes a node and serves it until Ctrl-C, SIGTERM or its own end.

    A node that ends by itself has an attribute `done`, an rclpy Future that it fulfils. Nothing
    beyond this machine is reached unless ROS_AUTOMATIC_DISCOVERY_RANGE says so.

    Args:
        make_node: Called without arguments once rclpy is initialised.
        args: Command line; None for that of the process.

    Returns:
        Exit code: 0 after a normal end or a signal; 2 if ROS or the node could not be started, 1
        after an FrsError of the running node, both with a line on stderr.
    """
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    signals = _Signals()
    end_with_parent()
    node = executor = None
    try:
        try:
            _init(args)
            node = make_node()
            signals.spinning = True
            # It lives on to the end: rclpy's thread for signals may still wake it when the spin
            # is over, and crashes if it is gone.
            executor = SingleThreadedExecutor()
            _spin(node, executor)
        finally:
            signals.ending = True
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except ModuleNotFoundError as error:
        return _complain(str(not_installed(error)), EXIT_CONFIG)
    except FrsError as error:
        return _complain(str(error), EXIT_CONFIG if node is None else EXIT_FAILED)
    except Exception as error:
        if _is_about_a_name(error):
            line = one_line(str(error).split(', at /')[0]).rstrip(' ^')
            return _complain(f'ROS does not allow this name: {line}', EXIT_CONFIG)
        if not signals.came():
            raise
        # a signal while the node was being made or worked: what it needed next was gone
    finally:
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()
    return 0


class _Signals:
    """Ctrl-C and SIGTERM for a node; rclpy, which is told of them too, shuts itself down.

    Ctrl-C interrupts whatever the node does, SIGTERM only its start. Further signals do nothing,
    nor do any while the node is being taken down: in a terminal a node gets Ctrl-C twice, from
    the terminal and from launch.

    Attributes:
        spinning: Whether the node has started.
        ending: Whether it is being taken down.
    """

    def __init__(self) -> None:
        self.spinning = self.ending = self._came = False
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._on_signal)

    def came(self) -> bool:
        """Whether there was a signal; a method, since Python runs handlers when one is called."""
        return self._came

    def _on_signal(self, number: int, _: object) -> None:
        first, self._came = not self._came, True
        if first and not self.ending and (number == signal.SIGINT or not self.spinning):
            raise KeyboardInterrupt


def _is_about_a_name(error: Exception) -> bool:
    """Whether it says that a topic, node or namespace cannot be called so."""
    said = isinstance(error, (RuntimeError, ValueError)) and any(w in str(error) for w in _NAMES)
    return said or isinstance(error, NameValidationException)


def _complain(line: str, code: int) -> int:
    print(f'frs_ros: {line}', file=sys.stderr, flush=True)
    return code


def _init(args: Sequence[str] | None) -> None:
    """Initialises rclpy; ConfigError if it cannot, whatever the reason."""
    try:
        rclpy.init(args=None if args is None else list(args))
    except UnicodeError as error:
        raise ConfigError(
            'a ROS argument is no text in the encoding of this terminal; export LC_ALL=C.UTF-8'
        ) from error
    except RuntimeError as error:
        # rclpy's RCLError: 'failed to initialize rcl: <reason>, at <source file>'
        reason = str(error).split(', at /')[0].split('lexeme')[0]
        raise ConfigError(f'ROS arguments: {reason}') from error
    except Exception as error:
        raise ConfigError(f'ROS cannot be started: {type(error).__name__}: {error}') from error


def _spin(node: Node, executor: SingleThreadedExecutor) -> None:
    executor.add_node(node)
    done = getattr(node, 'done', None)
    if done is None:
        executor.spin()
    else:
        executor.spin_until_future_complete(done)
