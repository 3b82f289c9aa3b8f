# SPDX-License-Identifier: Apache-2.0
"""`frs bench graph`: the ROS graph in lockstep against the evaluator; a robot cell under load."""

from __future__ import annotations

import argparse
import contextlib
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frs_ros.commands import bench_cell
from frs_ros.commands.demo import check_ros
from frs_ros.commands.options import add_assets, add_checkpoint, add_seed, add_suite
from frs_ros.commands.task_selection import init_range
from frs_ros.errors import ConfigError, DataError, FrsError, choose

if TYPE_CHECKING:
    from frs_ros.bags.episodes.tape import Tape
    from frs_ros.benchmarks.graph import Episode

EXIT_DIFFERENT = 1
GRAPH = 'bench'
PARTS = ('libero', 'cell')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of the command."""
    option = parser.add_argument
    option(
        '--graphs',
        default=','.join(PARTS),
        help='what is measured: libero, cell or both (default: %(default)s)',
    )
    add_suite(parser)
    option('--task', type=int, default=7, help='task number (default: %(default)s)')
    option('--init', type=int, default=30, help='first init state (default: %(default)s)')
    option('--trials', type=int, default=2, help='init states (default: %(default)s)')
    option(
        '--rounds', type=int, default=3, help='repetitions, for the speed (default: %(default)s)'
    )
    add_seed(parser, 7)
    option('--method', default='frs', help='steering method (default: %(default)s)')
    add_checkpoint(parser)
    add_assets(parser)
    option('--max-steps', type=int, default=0, help="step limit (default: the suite's)")
    bench_cell.add_arguments(parser)
    option('--json', type=Path, help='write the results to this file')


def run(args: argparse.Namespace) -> int:
    """Measures, prints and writes the results; 1 if the chunks differ."""
    parts = [choose('graph', word.strip(), PARTS) for word in args.graphs.split(',')]
    seeds = _check(args) if 'libero' in parts else {}
    if 'cell' in parts:
        bench_cell.processes(args)  # finds mistakes before anything starts
    check_ros()
    from frs_ros.benchmarks import cell as cell_bench
    from frs_ros.commands.options import software_versions
    from frs_ros.evaluation.report import write_json

    results: dict[str, Any] = {}
    with _log_folder() as logs:
        if 'libero' in parts:
            results |= _compare(args, seeds, logs)
            print(_text(results))
        if 'cell' in parts:
            results['cell'] = bench_cell.measure(args, logs / 'cell.log')
            print(cell_bench.text(results['cell']))
    if args.json:
        settings = {k: v for k, v in vars(args).items() if isinstance(v, (str, int, float))}
        versions = software_versions('numpy', 'torch', 'mujoco', 'ros-rclpy')
        write_json(args.json, {**results, 'settings': settings, 'versions': versions})
    if not results.get('chunks_equal', True):
        print(
            f'frs: the chunks of the graph and of the evaluator differ by up to '
            f'{results["chunk_difference_max"]:.3g}, {results["plans_missing"]} have no '
            'counterpart',
            file=sys.stderr,
        )
        return EXIT_DIFFERENT
    return 0


def _compare(args: argparse.Namespace, seeds: Mapping[int, int], logs: Path) -> dict[str, Any]:
    """The LIBERO graph in lockstep against the evaluator."""
    from tqdm import tqdm

    from frs_ros.benchmarks.graph import summary

    rounds, tapes = [], []
    evaluator = _evaluator(args, seeds)
    for n in tqdm(range(args.rounds), unit='round', leave=False):
        here = evaluator()
        there = _in_graph(args, seeds, logs / f'round_{n}.log')
        rounds.append((here, [episode for episode, _ in there]))
        tapes += [tape for _, tape in there]
    return summary(rounds, tapes)


@contextlib.contextmanager
def _log_folder() -> Iterator[Path]:
    """A temporary folder for the output of the nodes; it stays only if one of them failed."""
    folder, keep = Path(tempfile.mkdtemp(prefix='frs_bench_')), False
    try:
        yield folder
    except FrsError:
        keep = any(folder.iterdir())  # the error names the file
        raise
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _check(args: argparse.Namespace) -> dict[int, int]:
    """Seed of each init state's episode; an FrsError if an argument does not fit."""
    from frs_ros.policies.checkpoint import resolve
    from frs_ros.sim import assets, suites
    from frs_ros.steering.base import episode_seed
    from frs_ros.steering.registry import make_steerer

    if min(args.seed, args.max_steps) < 0 or args.rounds < 1:
        raise ConfigError('--rounds must be at least 1, --seed and --max-steps not negative')
    make_steerer(args.method)
    resolve(args.checkpoint)
    assets.resolve(args.assets, args.suite)
    task = suites.task(args.suite, args.task)
    init_ids = init_range(args.init, args.trials, len(suites.init_states(task)))
    return {i: episode_seed(args.seed, args.suite, args.task, i) for i in init_ids}


def _evaluator(args: argparse.Namespace, seeds: Mapping[int, int]) -> Callable[[], list[Episode]]:
    """A function that runs all episodes in this process, on one thread."""
    import torch

    from frs_ros.benchmarks.graph import in_process
    from frs_ros.guidance.oracle import oracle_guidance
    from frs_ros.policies.checkpoint import load_policy
    from frs_ros.serving.planner import Planner
    from frs_ros.sim.libero import LiberoEnv
    from frs_ros.steering.registry import make_steerer

    torch.set_num_threads(1)
    policy, steerer = load_policy(args.checkpoint), make_steerer(args.method)
    Planner(policy, steerer).warm_up()  # as the policy server does
    env = LiberoEnv(args.suite, args.task, cameras=policy.cameras, assets=args.assets)
    env.max_steps = args.max_steps or env.max_steps
    env.capture()  # as the bridge does: the renderer takes a second to make

    def run_all() -> list[Episode]:
        return [
            in_process(env, policy, steerer, oracle_guidance, init_id=i, episode_seed=seed)
            for i, seed in seeds.items()
        ]

    return run_all


def _in_graph(
    args: argparse.Namespace, seeds: Mapping[int, int], log: Path
) -> Sequence[tuple[Episode, Tape]]:
    """Runs the same episodes through the graph."""
    from frs_ros.benchmarks.graph import from_tape
    from frs_ros.bringup.graphs.libero import LIBERO
    from frs_ros.bringup.listeners.episode_listener import EpisodeListener
    from frs_ros.bringup.listeners.recorded_run import run_recorded

    given: dict[str, Any] = {
        'suite': args.suite,
        'task_id': args.task,
        'first_init': args.init,
        'init_count': args.trials,
        'episodes': args.trials,
        'seed': args.seed,
        'assets': args.assets,
        'max_steps': args.max_steps,
        'checkpoint': args.checkpoint,
        'method': args.method,
        'guidance': 'oracle',
    }
    graph = LIBERO.processes({name: str(value) for name, value in given.items()})
    recordings = run_recorded(
        {GRAPH: graph}, lambda domain: EpisodeListener((GRAPH,), domain=domain), log
    )
    tapes = {tape.end.seed: tape for tape in recordings[GRAPH].tapes()}
    for init_id, seed in seeds.items():
        if seed not in tapes or not tapes[seed].plans:
            raise DataError(
                f'nothing was heard of the episode from init state {init_id}; run again'
            )
    return [(from_tape(tapes[seed]), tapes[seed]) for seed in seeds.values()]


def _text(results: Mapping[str, Any]) -> str:
    speed, latency = results['steps_per_second'], results['plan_latency_ms']
    reached = 'reached' if results['ratio_reached'] else 'MISSED'
    return '\n'.join(
        [
            f'plans compared     {results["plans_compared"]}, without counterpart '
            f'{results["plans_missing"]}',
            f'largest difference {results["chunk_difference_max"]:.3g} '
            f'(tolerance {results["tolerance"]:g})',
            f'env steps per s    {speed["in_process"]:.1f} in process, {speed["graph"]:.1f} in '
            f'the graph; ratio {results["ratio"]:.2f}, target {results["ratio_target"]} {reached}',
            f'plan latency       p50 {latency["p50"]} ms, p99 {latency["p99"]} ms',
        ]
    )
