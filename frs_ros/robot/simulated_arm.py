# SPDX-License-Identifier: Apache-2.0
"""A simulated Franka arm that real libfranka clients connect to: franky-sim in this process.

    ros2 run frs_ros simulated_arm --host 127.0.0.1

It needs a processor core to itself, and ends with SIGINT, SIGTERM, or the process that started
it if that has named itself in FRS_ROS_PARENT_PID.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from frs_ros.arm.models import FR3
from frs_ros.errors import ConfigError, DependencyError, FrsError
from frs_ros.lifeline import end_with_parent

PORT = 1337  # of the robot in libfranka's protocol; the gripper's is the next


def main() -> int:
    """Runs until it is told to end; the exit status."""
    parser = argparse.ArgumentParser(description='A simulated Franka FR3 with its hand.')
    parser.add_argument('--host', default='127.0.0.1', help='address to listen on (127.0.0.1)')
    parser.add_argument(
        '--linger',
        type=float,
        default=0.0,
        help='seconds for which it goes on after Ctrl-C (0): a controller that gets the same '
        'Ctrl-C stops the arm first',
    )
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGALRM, _interrupt)
    signal.signal(signal.SIGINT, _after(args.linger) if args.linger > 0 else _interrupt)
    end_with_parent()
    try:
        simulate(args.host)
    except KeyboardInterrupt:
        return 0
    except FrsError as error:
        print(f'simulated_arm: error: {error}', file=sys.stderr)
        return 2
    return 0


def simulate(host: str) -> None:
    """Simulates an arm in DROID's home position and serves it, for ever.

    Raises:
        DependencyError: franky-sim is missing.
        ConfigError: The address cannot be listened on.
    """
    simulator, server = _library()
    logging.getLogger('franky_sim').setLevel(logging.CRITICAL)  # says when a client leaves
    with simulator() as simulation:
        simulation.add_robot(initial_q=tuple(FR3.home))
        arm = server(simulation, hostname_candidates=[host])
        try:
            arm.init()
        except OSError as error:
            raise ConfigError(
                f'cannot listen on {host}, port {PORT} or {PORT + 1}: not an address of this '
                'computer, or another simulated arm runs there'
            ) from error
        try:
            print(f'simulated_arm: ready at {host}', flush=True)
            arm.run_forever()
        finally:
            arm.cleanup()


def _library() -> tuple[Any, Any]:
    try:
        from franky_sim import SimulationServer
        from franky_sim.mujoco_simulator import MujocoSimulator
    except ImportError as error:
        raise DependencyError(
            f'franky-sim cannot be loaded ({error}); pip install franky-sim mujoco pin'
        ) from error
    return MujocoSimulator, SimulationServer


def _after(seconds: float) -> Callable[..., None]:
    """A signal handler that interrupts some seconds later."""

    def handler(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # launch repeats the terminal's Ctrl-C
        signal.setitimer(signal.ITIMER_REAL, seconds)

    return handler


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == '__main__':
    sys.exit(main())
