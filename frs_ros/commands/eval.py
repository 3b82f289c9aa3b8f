# SPDX-License-Identifier: Apache-2.0
"""`frs eval`: compares steering methods over many LIBERO episodes, in process and without ROS."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from frs_ros.commands.options import add_assets, add_checkpoint, add_seed, add_suite, command_line
from frs_ros.commands.task_selection import parse_tasks, split
from frs_ros.errors import ConfigError, choose
from frs_ros.evaluation.conditions import (
    DEFAULTS,
    FLIPPED,
    GUIDANCES,
    INSTRUCTIONS,
    RIGHT,
    WRONG_KINDS,
    Conditions,
)
from frs_ros.evaluation.method import Method, parse_methods
from frs_ros.evaluation.settings import (
    LAYOUTS,
    OTHER,
    TARGETS,
    EvaluationSettings,
    check_init_states,
)
from frs_ros.folders import locked
from frs_ros.policies.memory import release_memory
from frs_ros.policies.vla.settings import is_policy_file, read_settings
from frs_ros.steering.options import split_outside

if TYPE_CHECKING:
    from frs_ros.policies.base import FlowPolicy
    from frs_ros.sim.suites import Task
    from frs_ros.types import ActionSpec

METHODS_HELP = """steering methods with commas between, each NAME[OPTION=VALUE,...]@MAGNITUDE:
'direct@0.5' guides at half magnitude, 'frs[strength=0.5]' gives an option. Each method has options
of its own; all have guidance, wrong, wrong_kind, near_target, instruction, replan and steps, which
take the place of the options of those names here: 'base,frs[replan=10]'. 'dsbc[checkpoint=FILE]'
and 'bc[checkpoint=FILE]' run what frs train wrote, unguided unless they say guidance; {task} and
{target} in FILE stand for those of the episode (default: %(default)s)"""
MOST_BARS = 6  # of a task; more cannot be told apart
PACKAGES = ('numpy', 'torch', 'mujoco', 'robosuite', 'hf-libero')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of the command."""
    option = parser.add_argument
    add_suite(parser)
    option(
        '--tasks',
        default='heldout',
        help="task numbers and ranges such as '5,6,7' or '0-4', 'all', or the 'trained', "
        "'untrained' or 'heldout' tasks of the checkpoint (default: %(default)s)",
    )
    option(
        '--methods',
        default='base,direct,frs',
        help=METHODS_HELP,
    )
    option(
        '--compare',
        action='append',
        default=[],
        metavar='A,B',
        help="two of the methods to compare on the same init states, besides each with 'base'; "
        'may be repeated',
    )
    _add_conditions(parser)
    option('--trials', type=int, default=10, help='episodes per task and method (default: 10)')
    option('--first-init', type=int, default=0, help='first init state (default: 0)')
    add_seed(parser, 7)
    option('--workers', type=int, default=2, help='processes (default: 2)')
    add_assets(parser, 'auto')
    add_checkpoint(parser, several=True)
    option(
        '--layout',
        default='stock',
        help=f'where the objects lie, {" or ".join(LAYOUTS)} (default: %(default)s)',
    )
    option(
        '--target',
        default='stock',
        metavar='TARGET',
        help=f'what to fetch: {", ".join(TARGETS)} (objects of the scene that the policy knows by '
        'name), or the type of an object of the scene, such as milk (default: %(default)s)',
    )
    option(
        '--out',
        type=Path,
        required=True,
        help='folder of the results; an evaluation that was stopped there goes on',
    )
    option('--json', type=Path, help='also write the results to this file')


def _add_conditions(parser: argparse.ArgumentParser) -> None:
    """Options common to all methods that do not set others."""
    option = parser.add_argument
    option(
        '--guidance',
        default='oracle',
        help=f"source of guidance, {', '.join(GUIDANCES)}; oracle reads the simulator's "
        "privileged poses, random has the oracle's timing and speed with a coarse direction drawn "
        'for each chunk (default: %(default)s)',
    )
    option(
        '--wrong',
        type=float,
        default=0.0,
        metavar='P',
        help="probability per chunk that the oracle's direction is wrong (default: 0)",
    )
    option(
        '--wrong-kind',
        default=FLIPPED,
        help=f'how it is wrong, {" or ".join(WRONG_KINDS)} (default: %(default)s)',
    )
    option(
        '--near-target',
        type=float,
        default=DEFAULTS['near_target'],
        metavar='M',
        help='horizontal distance (m) to the target at which the oracle stops steering sideways '
        'and goes down; smaller for a more careful operator (default: %(default)s)',
    )
    option(
        '--instruction',
        default='task',
        help=f'what the policy is told, {", ".join(INSTRUCTIONS)}; right is task, refused where '
        'the policy does not know these words (default: %(default)s)',
    )
    option(
        '--replan',
        type=int,
        default=0,
        metavar='N',
        help="actions of a chunk to execute before the next plan (default: the policy's own)",
    )
    option(
        '--steps',
        type=int,
        default=0,
        metavar='K',
        help="Euler steps of the sampler (default: the policy's own)",
    )


def run(args: argparse.Namespace) -> int:
    """Evaluates, writes the results and prints the table."""
    settings, spec = settings_and_spec(args)
    compared = [parse_pair(text) for text in args.compare]
    _check_compared(compared, settings)
    with locked(args.out):
        return _evaluated(args, settings, spec, compared)


def _evaluated(
    args: argparse.Namespace,
    settings: EvaluationSettings,
    spec: ActionSpec,
    compared: list[tuple[str, str]],
) -> int:
    from frs_ros.commands.options import software_versions
    from frs_ros.evaluation.evaluate import evaluate
    from frs_ros.evaluation.libero_world import LiberoWorld
    from frs_ros.evaluation.plots import plot_failures, plot_rates, plot_results
    from frs_ros.evaluation.report import summarise, table, write_json
    from frs_ros.sim.suites import tasks

    records = evaluate(settings, LiberoWorld(), args.out, workers=args.workers)
    results = summarise(
        records,
        settings,
        compare_also=compared,
        task_names={task.task_id: task.instruction for task in tasks(settings.suite)},
        versions=software_versions(*PACKAGES),
        policy={'steps': spec.steps, 'replan': spec.execute_steps},
        command=command_line('eval', add_arguments, args, omit=('workers', 'json')),
    )
    files = [args.out / 'results.json', *([args.json] if args.json else [])]
    for file in files:
        write_json(file, results)
    figures = [args.out / 'results.png', args.out / 'failures.png']
    if len(settings.methods) <= MOST_BARS:
        plot_results(figures[0], results)
    else:
        plot_rates(figures[0], results['totals'])
    plot_failures(figures[1], results['totals'])
    print(table(results))
    print('written:', ', '.join(str(path) for path in [*files, *figures]))
    return 0


def parse_pair(text: str) -> tuple[str, str]:
    """Labels of two methods; ConfigError if it is not two."""
    labels = [Method.parse(part).label for part in split_outside(text)]
    if len(labels) != 2 or labels[0] == labels[1]:
        raise ConfigError(f"--compare takes two methods, such as 'frs,direct@0.5', not '{text}'")
    return labels[0], labels[1]


def settings_from(args: argparse.Namespace) -> EvaluationSettings:
    """As `settings_and_spec`, the settings alone."""
    return settings_and_spec(args)[0]


def settings_and_spec(args: argparse.Namespace) -> tuple[EvaluationSettings, ActionSpec]:
    """Checks the arguments against what exists, before any worker is started.

    Returns:
        The settings, and the spec of the first policy; the policies are not kept, and the memory
        they took is free again, as each worker loads its own.

    Raises:
        ConfigError, CheckpointError, AssetError: Something does not exist or does not fit.
    """
    from frs_ros.evaluation.libero_world import check_variations
    from frs_ros.policies.checkpoint import resolve
    from frs_ros.sim import assets, suites

    if args.workers < 1:
        raise ConfigError('--workers must be at least 1')
    tasks = suites.tasks(args.suite)
    files = [resolve(checkpoint) for checkpoint in _listed(args.checkpoint)]
    settings = _settings(args, tasks, files)
    check_variations(settings)
    for task_id in settings.tasks:
        check_init_states(settings, len(suites.init_states(tasks[task_id])))
    specs = [_checked(file, settings, tasks) for file in files]
    pack = assets.resolve(args.assets, args.suite)
    return replace(settings, assets=pack.choice), specs[0]


def _checked(file: Path, settings: EvaluationSettings, tasks: Sequence[Task]) -> ActionSpec:
    """The spec of a policy that fits; a damaged one is found out here, not in every worker."""
    from frs_ros.policies.checkpoint import load_policy

    policy = load_policy(file)
    _check_methods(settings, policy)
    _check_right(settings, policy, tasks)
    spec = policy.spec
    del policy
    release_memory()
    return spec


def _listed(checkpoints: str) -> tuple[str, ...]:
    return tuple(text.strip() for text in checkpoints.split(','))


def _settings(
    args: argparse.Namespace, tasks: Sequence[Task], checkpoints: Sequence[Path]
) -> EvaluationSettings:
    from frs_ros.sim.standin.groceries import GROCERIES

    methods = parse_methods(args.methods)
    choose('target', args.target, (*TARGETS, *GROCERIES))
    chosen = _common_tasks(args.tasks, tasks, checkpoints)
    settings = EvaluationSettings(
        suite=args.suite,
        tasks=chosen,
        methods=methods,
        conditions=Conditions(
            guidance=args.guidance,
            wrong=args.wrong,
            wrong_kind=args.wrong_kind,
            instruction=args.instruction,
            replan=args.replan,
            steps=args.steps,
            near_target=args.near_target,
        ),
        trials=args.trials,
        first_init=args.first_init,
        seed=args.seed,
        checkpoints=_listed(args.checkpoint),
        layout=args.layout,
        target=args.target,
        digests=tuple(digest_of(file) for file in checkpoints),
    )
    return replace(settings, distilled=_distilled(settings))


def _common_tasks(
    text: str, tasks: Sequence[Task], checkpoints: Sequence[Path]
) -> tuple[int, ...]:
    """What the user's words mean, which must be the same for all checkpoints."""
    meanings = {parse_tasks(text, len(tasks), split(tasks, file)) for file in checkpoints}
    if len(meanings) > 1:
        raise ConfigError(
            f"--tasks '{text}' means other tasks for each checkpoint; give their numbers"
        )
    return meanings.pop()


def _check_methods(settings: EvaluationSettings, policy: FlowPolicy) -> None:
    """Makes one plan by each method; ConfigError if an option does not fit the policy."""
    from frs_ros.evaluation.adjusted import adjusted
    from frs_ros.serving.planner import Planner

    for method in settings.methods_of_tasks():
        conditions = method.under(settings.conditions)
        try:
            fitted = adjusted(policy, replan=conditions.replan, steps=conditions.steps)
            Planner(fitted, method.steerer()).warm_up()
        except ConfigError as error:
            raise ConfigError(f"'{method.label}': {error}") from error


def _check_right(settings: EvaluationSettings, policy: FlowPolicy, tasks: Sequence[Task]) -> None:
    """ConfigError where a policy is to be told what it does not understand."""
    from frs_ros.policies.base import knows
    from frs_ros.sim.wording import instruction_for

    wanted = [m.under(settings.conditions).instruction == RIGHT for m in settings.methods]
    if not any(wanted) or settings.target == OTHER:  # others are chosen among the known
        return
    named = settings.named_target
    for task_id in settings.tasks:
        words = instruction_for(f'{named}_1') if named else tasks[task_id].instruction
        if not knows(policy, words):
            raise ConfigError(
                f"instruction 'right' needs a policy that knows the words; this one was never "
                f"told '{words}' (task {task_id}), and takes them for none. "
                "Choose among the 'trained' tasks, use --target other, or give a checkpoint that "
                'was trained on the task'
            )


def _check_compared(pairs: Sequence[tuple[str, str]], settings: EvaluationSettings) -> None:
    labels = [method.label for method in settings.methods]
    for label in (label for pair in pairs for label in pair):
        if label not in labels:
            raise ConfigError(
                f"--compare names '{label}', which is none of the methods {', '.join(labels)}"
            )


def _distilled(settings: EvaluationSettings) -> tuple[str, ...]:
    """Digests of what methods name in their options; CheckpointError if one is missing."""
    from frs_ros.policies.noise.description import read_description

    paths = settings.distilled_files
    for path in paths:
        read_description(path)
    return tuple(digest_of(path) for path in paths)


def digest_of(checkpoint: Path) -> str:
    """SHA-256 of the weights and their description.

    Of a large policy that of its parameter file and samples of its weights.
    """
    digest = hashlib.sha256(checkpoint.read_bytes())
    description = checkpoint.with_suffix('.json')
    if is_policy_file(checkpoint):
        for part in read_settings(checkpoint).weight_fingerprints():
            digest.update(part.encode())
    elif description.is_file():
        digest.update(description.read_bytes())
    return digest.hexdigest()
