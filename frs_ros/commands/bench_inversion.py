# SPDX-License-Identifier: Apache-2.0
"""`frs bench inversion`: what inverse solvers cost, and how well they undo own samples."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from frs_ros.commands.options import add_assets, add_checkpoint
from frs_ros.errors import ConfigError

SUITE, TASK = 'libero_object', 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of the command."""
    option = parser.add_argument
    add_checkpoint(parser)
    add_assets(parser)
    option(
        '--scenes',
        type=int,
        default=6,
        help='LIBERO scenes to observe; 0 for the example observation (default: %(default)s)',
    )
    option('--batch', type=int, default=16, help='samples per observation (default: %(default)s)')
    option('--seed', type=int, default=0, help='seed of all noise (default: 0)')
    option('--json', type=Path, help='write the results to this file, and a PNG beside it')


def run(args: argparse.Namespace) -> int:
    """Measures, prints the tables, and writes the JSON and the figure."""
    if args.batch < 1 or args.scenes < 0 or args.seed < 0:
        raise ConfigError('--batch must be at least 1, --scenes and --seed not negative')
    import torch
    from tqdm import tqdm

    from frs_ros.benchmarks import inversion as bench
    from frs_ros.benchmarks.inversion_plot import plot_inversion
    from frs_ros.commands.options import software_versions
    from frs_ros.evaluation.report import write_json
    from frs_ros.policies.checkpoint import load_policy

    torch.set_num_threads(1)
    policy = load_policy(args.checkpoint)
    observations = list(_observations(policy, args))
    batches = tqdm(
        bench.policy_samples(policy, observations, args.batch, args.seed),
        total=len(observations),
        unit='observation',
        leave=False,
    )
    with policy.inference():
        own = bench.rows(batches, bench.GRIPPERS)
    exact = bench.rows([bench.mixture_samples(args.seed)], (bench.KEPT,))
    fields = {f"'{args.checkpoint}'": own, 'Gaussian mixture': exact}
    equal = bench.at_equal_cost(own)
    for name, table in fields.items():
        print(f'own samples of {name}\n{_table(table)}\n')
    print(_verdict(equal))
    if args.json:
        keys = ('checkpoint', 'assets', 'scenes', 'batch', 'seed')
        results = {
            'policy': own,
            'mixture': exact,
            'equal_nfe': equal,
            'goal': bench.GOAL,
            'settings': {key: getattr(args, key) for key in keys},
            'versions': software_versions('numpy', 'torch'),
        }
        write_json(args.json, results)
        plot_inversion(args.json.with_suffix('.png'), fields)
        print(f'written: {args.json}, {args.json.with_suffix(".png")}')
    return 0


def _observations(policy: Any, args: argparse.Namespace) -> Iterator[Any]:
    """Starts of episodes in LIBERO, or what a policy of another kind can be fed."""
    from frs_ros.benchmarks.plan import observation_of
    from frs_ros.types import CARTESIAN_DELTA

    if args.scenes == 0 or policy.spec.space != CARTESIAN_DELTA:
        yield observation_of(policy, args.seed)
        return
    from frs_ros.sim.libero import LiberoEnv

    env = LiberoEnv(SUITE, TASK, cameras=policy.cameras, assets=args.assets)
    try:
        for init_id in range(args.scenes):
            env.reset(init_id)
            yield env.observe()
    finally:
        env.close()


def _table(table: Sequence[Mapping[str, Any]]) -> str:

    head = 'solver         gripper     NFE   motion   median   noise    chi'
    lines = [
        f'{row["solver"]:14} {row["gripper"]:10} {row["nfe"]:4d} {row["motion_error"]:8.4f} '
        f'{row["motion_error_median"]:8.4f} {row["noise_error"]:7.3f} '
        f'{row["chi_percentile_median"]:6.3f}'
        for row in table
    ]
    return '\n'.join([head, *lines])


def _verdict(equal: Sequence[Mapping[str, Any]]) -> str:
    """How the exact inverse does against the paper's Euler, one line per way and cost."""
    from frs_ros.benchmarks.inversion import GOAL

    return '\n'.join(
        f'exact inverse, gripper {row["gripper"]}, {row["nfe"]} evaluations: {row["ratio"]:.2f} '
        f"of the error of the paper's Euler with as many, "
        f'{"within" if row["within_goal"] else "ABOVE"} {GOAL}'
        for row in equal
    )
