# SPDX-License-Identifier: Apache-2.0
"""`frs demo`: the same init states unsteered and steered, each in a ROS graph of its own."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frs_ros.commands.options import add_assets, add_checkpoint, add_seed, add_suite
from frs_ros.commands.task_selection import init_range, split
from frs_ros.errors import ConfigError, DataError, DependencyError, how_to_get

if TYPE_CHECKING:
    from frs_ros.bags.episodes.tape import Recording
    from frs_ros.bringup.graph import Process
    from frs_ros.demo.comparison import DemoSettings, Pair

VIEW = 448  # px, of the images for people


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of the command."""
    option = parser.add_argument
    add_suite(parser)
    option(
        '--task',
        type=int,
        help='task number (default: the last that the checkpoint was not trained on)',
    )
    option('--init', type=int, default=30, help='first init state (default: %(default)s)')
    option('--trials', type=int, default=3, help='init states (default: %(default)s)')
    add_seed(parser, 7)
    option('--out', type=Path, default=Path('out', 'demo'), help='folder (default: %(default)s)')
    add_assets(parser)
    add_checkpoint(parser)
    option(
        '--max-steps',
        type=int,
        default=0,
        help="control steps after which an episode has failed (default: the suite's limit)",
    )


def run(args: argparse.Namespace) -> int:
    """Runs the episodes, writes video, summary and numbers, prints the table."""
    from frs_ros.demo.comparison import METHODS, pair_up, table
    from frs_ros.demo.video import check_writer

    settings = settings_from(args)
    check_writer()
    check_ros()
    try:
        args.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f'cannot write to --out {args.out}: {error.strerror}') from error
    print(f'{settings.headline}, init states {", ".join(map(str, settings.init_ids))}')
    print(f'starting two ROS graphs: {", ".join(METHODS)}; output of their nodes: {_log(args)}')
    recordings = _episodes(settings, args)
    pairs = pair_up(settings, {side: r.tapes() for side, r in recordings.items()})
    files = write_files(settings, pairs, args.out)
    print(table(pairs))
    print('written:', *(f'  {path}' for path in files), sep='\n')
    return 0


def settings_from(args: argparse.Namespace) -> DemoSettings:
    """Checks the arguments against what exists, before anything is started.

    Raises:
        ConfigError, CheckpointError, AssetError: Something does not exist or does not fit.
    """
    from frs_ros.demo.comparison import DemoSettings
    from frs_ros.policies.checkpoint import load_policy, resolve
    from frs_ros.sim import assets, suites

    if min(args.seed, args.max_steps) < 0:
        raise ConfigError('--seed and --max-steps must not be negative')
    checkpoint = resolve(args.checkpoint)
    heldout = split(suites.tasks(args.suite), checkpoint).get('heldout', [])
    if args.task is None and not heldout:
        raise ConfigError(
            f'no task of {args.suite} is known to be new to the checkpoint; name one with --task'
        )
    task = suites.task(args.suite, heldout[-1] if args.task is None else args.task)
    init_range(args.init, args.trials, len(suites.init_states(task)))
    pack = assets.resolve(args.assets, args.suite)
    load_policy(checkpoint)  # a damaged one is found out here, not by the nodes
    return DemoSettings(
        suite=args.suite,
        task_id=task.task_id,
        instruction=task.instruction,
        first_init=args.init,
        trials=args.trials,
        seed=args.seed,
        checkpoint=args.checkpoint,
        assets=pack.choice,
        max_steps=args.max_steps,
    )


def processes(settings: DemoSettings) -> dict[str, Sequence[Process]]:
    """The nodes of both graphs, from the node table that `frs up` and launch files use."""
    from frs_ros.bringup.graphs.libero import LIBERO
    from frs_ros.demo.comparison import METHODS, STEERED

    common: dict[str, Any] = {
        'suite': settings.suite,
        'task_id': settings.task_id,
        'first_init': settings.first_init,
        'init_count': settings.trials,
        'episodes': settings.trials,
        'seed': settings.seed,
        'assets': settings.assets,
        'max_steps': settings.max_steps,
        'view_every': settings.view_every,
        'libero_bridge.view_height': VIEW,
        'libero_bridge.view_width': VIEW,
        'checkpoint': settings.checkpoint,
    }
    graphs = {}
    for side, method in METHODS.items():
        guidance = 'oracle' if side == STEERED else 'none'
        given = {**common, 'method': method, 'guidance': guidance}
        graphs[side] = LIBERO.processes({name: str(value) for name, value in given.items()})
    return graphs


def write_files(settings: DemoSettings, pairs: Sequence[Pair], out: Path) -> list[Path]:
    """Writes video, summary figure and numbers; returns their paths."""
    from dataclasses import asdict

    from tqdm import tqdm

    from frs_ros.commands.options import software_versions
    from frs_ros.demo import side_by_side, summary
    from frs_ros.demo.comparison import rows, successes
    from frs_ros.demo.video import write_mp4
    from frs_ros.evaluation.report import write_json

    video, image, numbers = (out / f'demo.{ending}' for ending in ('mp4', 'png', 'json'))
    frames = tqdm(
        side_by_side.frames(settings, pairs),
        total=side_by_side.length(settings, pairs),
        desc='video',
        unit='frame',
        mininterval=_interval(),
        leave=False,
    )
    write_mp4(video, frames, side_by_side.fps(settings))
    summary.write_png(image, summary.summary_figure(settings, pairs))
    results = {
        'rows': rows(pairs),
        'successes': {side: successes(pairs, side) for side in pairs[0].tapes},
        'settings': asdict(settings),
        'versions': software_versions('numpy', 'torch', 'mujoco', 'hf-libero', 'ros-rclpy'),
    }
    try:
        write_json(numbers, results)
    except OSError as error:
        raise DataError(f'cannot write {numbers}: {error.strerror}') from error
    return [video, image, numbers]


def _episodes(settings: DemoSettings, args: argparse.Namespace) -> dict[str, Recording]:
    """Runs both graphs with progress."""
    from frs_ros.bringup.listeners.episode_listener import EpisodeListener
    from frs_ros.bringup.listeners.recorded_run import run_recorded
    from frs_ros.demo.comparison import METHODS

    with _progress(settings) as (on_event, on_plan):

        def listener(domain: int) -> EpisodeListener:
            return EpisodeListener(
                tuple(METHODS), domain=domain, images=True, on_event=on_event, on_plan=on_plan
            )

        return run_recorded(processes(settings), listener, _log(args))


@contextlib.contextmanager
def _progress(settings: DemoSettings) -> Iterator[tuple[Any, Any]]:
    """A bar of episodes, and a line for each that ends; yields the listener's callbacks."""
    from tqdm import tqdm

    from frs_ros.demo.comparison import METHODS
    from frs_ros.messages.episode import EpisodeEvent, Outcome

    plans = 0
    total = len(METHODS) * settings.trials
    with tqdm(total=total, unit='episode', mininterval=_interval(), leave=False) as bar:
        bar.set_postfix_str('starting')

        def on_event(side: str, event: EpisodeEvent) -> None:
            if event.outcome is None:
                return
            reason = f' ({event.reason})' if event.reason else ''
            name = f'{side:9} episode {event.episode_id}'
            bar.write(f'  {name}: {event.outcome.value}{reason} after {event.steps} steps')
            if event.outcome is not Outcome.ABORTED:
                bar.update()

        def on_plan() -> None:
            nonlocal plans
            plans += 1
            bar.set_postfix_str(f'{plans} plans', refresh=False)
            bar.update(0)

        yield on_event, on_plan


def _interval() -> float:
    """Seconds between two refreshes of a progress bar, long where each is a line of a log."""
    return 0.2 if sys.stderr.isatty() else 10.0


def check_ros() -> None:
    """DependencyError unless rclpy and our messages are there."""
    from importlib.util import find_spec

    if find_spec('rclpy') is None or find_spec('frs_ros.msg') is None:
        raise DependencyError(f'ROS 2 is not in this environment; {how_to_get("rclpy")}')


def _log(args: argparse.Namespace) -> Path:
    return args.out / 'graph.log'
