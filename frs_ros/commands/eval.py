# SPDX-License-Identifier: Apache-2.0
"""`frs eval`: compares steering methods over many LIBERO episodes, in process and without ROS."""

from __future__ import annotations

import argparse
import hashlib
from dataclasses import replace
from pathlib import Path

from frs_ros.commands.options import add_assets, add_checkpoint, add_seed, add_suite
from frs_ros.commands.task_selection import parse_tasks, split
from frs_ros.errors import ConfigError
from frs_ros.learning.settings import (
    GUIDANCES,
    INSTRUCTIONS,
    LAYOUTS,
    TARGETS,
    EvaluationSettings,
    Method,
    check_init_states,
)

PACKAGES = ('numpy', 'torch', 'mujoco', 'robosuite', 'hf-libero')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of the command."""
    option = parser.add_argument
    add_suite(parser)
    option(
        '--tasks',
        default='heldout',
        help="task numbers and ranges such as '5,6,7' or '0-4', 'all', or the 'trained' or "
        "'heldout' tasks of the checkpoint (default: %(default)s)",
    )
    option(
        '--methods',
        default='base,direct,frs',
        help="steering methods; 'direct@0.5' guides at magnitude 0.5 (default: %(default)s)",
    )
    option(
        '--guidance',
        default='oracle',
        help=f"source of guidance, {' or '.join(GUIDANCES)}; oracle reads the simulator's "
        'privileged poses (default: %(default)s)',
    )
    option('--trials', type=int, default=10, help='episodes per task and method (default: 10)')
    option('--first-init', type=int, default=0, help='first init state (default: 0)')
    add_seed(parser, 7)
    option('--workers', type=int, default=2, help='processes (default: 2)')
    add_assets(parser, 'auto')
    add_checkpoint(parser)
    option(
        '--instruction',
        default='task',
        help=f'what the policy is told, {" or ".join(INSTRUCTIONS)} (default: %(default)s)',
    )
    option(
        '--layout',
        default='stock',
        help=f'where the objects lie, {" or ".join(LAYOUTS)} (default: %(default)s)',
    )
    option(
        '--target',
        default='stock',
        help=f'what to fetch, {" or ".join(TARGETS)}: objects of the scene that the policy knows '
        'by name (default: %(default)s)',
    )
    option(
        '--out',
        type=Path,
        required=True,
        help='folder of the results; an evaluation that was stopped there goes on',
    )
    option('--json', type=Path, help='also write the results to this file')


def run(args: argparse.Namespace) -> int:
    """Evaluates, writes the results and prints the table."""
    from frs_ros.commands.version import software_versions
    from frs_ros.learning.evaluate import evaluate
    from frs_ros.learning.libero_world import LiberoWorld
    from frs_ros.learning.plot import plot_results
    from frs_ros.learning.report import summarise, table, write_json
    from frs_ros.sim.suites import tasks

    settings = settings_from(args)
    records = evaluate(settings, LiberoWorld(), args.out, workers=args.workers)
    names = {task.task_id: task.instruction for task in tasks(settings.suite)}
    versions = software_versions(*PACKAGES)
    results = summarise(records, settings, task_names=names, versions=versions)
    files = [args.out / 'results.json', *([args.json] if args.json else [])]
    for file in files:
        write_json(file, results)
    picture = args.out / 'results.png'
    plot_results(picture, results)
    print(table(results))
    print('written:', ', '.join(str(path) for path in [*files, picture]))
    return 0


def settings_from(args: argparse.Namespace) -> EvaluationSettings:
    """Checks the arguments against what exists, before any worker is started.

    Raises:
        ConfigError, CheckpointError, AssetError: Something does not exist or does not fit.
    """
    from frs_ros.policies.checkpoint import load_policy, resolve
    from frs_ros.sim import assets, suites
    from frs_ros.steering.registry import METHODS

    if args.workers < 1:
        raise ConfigError('--workers must be at least 1')
    tasks = suites.tasks(args.suite)
    checkpoint = resolve(args.checkpoint)
    settings = EvaluationSettings(
        suite=args.suite,
        tasks=parse_tasks(args.tasks, len(tasks), split(tasks, checkpoint)),
        methods=tuple(Method.parse(text.strip(), METHODS) for text in args.methods.split(',')),
        guidance=args.guidance,
        trials=args.trials,
        first_init=args.first_init,
        seed=args.seed,
        checkpoint=args.checkpoint,
        instruction=args.instruction,
        layout=args.layout,
        target=args.target,
        checkpoint_sha256=_digest(checkpoint),
    )
    for task_id in settings.tasks:
        check_init_states(settings, len(suites.init_states(tasks[task_id])))
    load_policy(checkpoint)  # a damaged one is found out here, not in every worker
    pack = assets.resolve(args.assets, args.suite)
    return replace(settings, assets=pack.choice)


def _digest(checkpoint: Path) -> str:
    """SHA-256 of the weights and their description."""
    digest = hashlib.sha256(checkpoint.read_bytes())
    digest.update(checkpoint.with_suffix('.json').read_bytes())
    return digest.hexdigest()
