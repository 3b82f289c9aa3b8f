# SPDX-License-Identifier: Apache-2.0
"""`frs bench plan`: what a plan costs with and without steering."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from frs_ros.commands.options import add_checkpoint
from frs_ros.errors import ConfigError
from frs_ros.policies.vla.settings import is_policy_file, read_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of the command."""
    option = parser.add_argument
    add_checkpoint(parser)
    option('--trials', type=int, default=100, help='rounds (default: %(default)s)')
    option('--seed', type=int, default=0, help='seed of pixels and noise (default: 0)')
    option('--threads', type=int, default=1, help='CPU threads (default: %(default)s)')
    option('--json', type=Path, help='write the results to this file')


def run(args: argparse.Namespace) -> int:
    """Measures, prints the table and writes the JSON."""
    if args.trials < 1 or args.threads < 1 or args.seed < 0:
        raise ConfigError('--trials and --threads must be at least 1, --seed not negative')
    import torch
    from tqdm import tqdm

    from frs_ros.benchmarks.plan import measure, parts, summary
    from frs_ros.commands.options import software_versions
    from frs_ros.evaluation.report import write_json
    from frs_ros.policies.checkpoint import load_policy

    torch.set_num_threads(args.threads)
    policy = load_policy(args.checkpoint)
    times = measure(
        parts(policy, args.seed),
        args.trials,
        progress=lambda r: tqdm(r, unit='round', leave=False),
    )
    results = summary(times, policy, args.seed)
    print(table(results))
    if args.json:
        settings = {key: getattr(args, key) for key in ('checkpoint', 'trials', 'seed', 'threads')}
        settings |= _of_file(args.checkpoint)
        versions = software_versions('numpy', 'torch')
        write_json(args.json, {**results, 'settings': settings, 'versions': versions})
    return 0


def _of_file(checkpoint: str) -> dict[str, str]:
    """What of the file of a large policy decides about times."""
    if not is_policy_file(checkpoint):
        return {}
    settings = read_settings(checkpoint)
    return {key: getattr(settings, key) for key in ('stack', 'config', 'dtype', 'compile')}


def table(results: Mapping[str, Any]) -> str:
    """What is printed of `benchmarks.plan.summary`."""
    lines = [f'{"":20} {"median ms":>9} {"encodes":>8} {"velocity":>9}']
    for name, ms in results['ms_p50'].items():
        counted = results['plans'].get(name, {})
        cells = [f'{counted[key]}' for key in ('encodes', 'velocity_evaluations') if counted]
        encodes, velocity = cells or ('', '')
        label = f'plan {name}' if counted else name
        lines.append(f'{label:20} {ms:9.2f} {encodes:>8} {velocity:>9}')
    verdict = 'within' if results['within_limit'] else 'ABOVE'
    lines.append(
        f'an FRS plan costs {results["frs_over_base"]:.2f} plain plans, '
        f'{verdict} the limit of {results["limit"]}'
    )
    verdict = 'within' if results['rank_within_limit'] else 'ABOVE'
    lines.append(
        f'16 ranked samples cost {results["rank_over_base"]:.2f} plain plans, '
        f'{verdict} the limit of {results["rank_limit"]:g}'
    )
    used = results['hardware']
    memory = f', {used["peak_memory_gb"]} GB at most' if 'peak_memory_gb' in used else ''
    lines.append(f'on {used["device"]}{memory}')
    return '\n'.join(lines)
