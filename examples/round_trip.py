# SPDX-License-Identifier: Apache-2.0
"""Draws what Flow Reversal Steering does, on a policy whose velocity field is known exactly.

The policy is a mixture of four Gaussians in the plane: its actions go to one of four places, and
its noise decides to which. A person gives a coarse direction, the right way but too far: a
reference off the policy's manifold. Inverting the reference gives noise; denoising that noise
gives an action.

The upper row inverts as the paper does, by Euler steps backwards: its error draws the action
towards the policy's own. The lower row inverts the discrete sampler exactly: the action is the
reference again, as unlikely as it was. The backgrounds of the noise panels show where the
sampler takes each noise. Directions that fall short (`--reach 0.7`) show the other side of Euler's
error: it also throws them into modes that were not asked for.

    python examples/round_trip.py --out round_trip.png
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from frs_ros.flow.grids import T_ACTION, uniform
from frs_ros.flow.inversion import Inversion
from frs_ros.flow.invert import invert
from frs_ros.flow.mixture import GaussianMixture
from frs_ros.flow.sample import sample

RADIUS, STD, STEPS, PER_MODE = 2.0, 0.35, 10, 12
COLOURS = np.array(['tab:blue', 'tab:orange', 'tab:green', 'tab:red'])
SOLVER_TITLES = {'euler': 'Euler backwards (paper)', 'fixed_point': 'fixed point (exact)'}
WINDOW = 5.0  # half width of the panels


def four_modes() -> GaussianMixture:
    """The policy: four equally likely places on a circle."""
    angles = np.pi / 4 + np.arange(4) * np.pi / 2
    means = RADIUS * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return GaussianMixture(means, np.full(4, STD), np.ones(4))


def coarse_references(
    policy: GaussianMixture, reach: float, rng: np.random.Generator
) -> np.ndarray:
    """[4 PER_MODE, 2]: towards each mode, `reach` times as far, and scattered."""
    centres = np.repeat(reach * policy.means, PER_MODE, axis=0)
    return centres + 0.3 * rng.standard_normal(centres.shape)


def modes_of(policy: GaussianMixture, actions: np.ndarray) -> np.ndarray:
    """[B] the most likely mode of each action."""
    return policy.responsibilities(actions, np.full(len(actions), T_ACTION)).argmax(1)


def draw_background(axes: Any, policy: GaussianMixture) -> None:
    """Colours each point of noise space by the mode that the sampler takes it to."""
    line = np.linspace(-WINDOW, WINDOW, 160)
    noise = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    modes = modes_of(policy, sample(policy.velocity, noise, uniform(STEPS)))
    axes.contourf(
        line, line, modes.reshape(160, 160), levels=np.arange(5) - 0.5, colors=COLOURS, alpha=0.18
    )


def draw_policy(axes: Any, policy: GaussianMixture) -> None:
    """Draws each mode's one and two standard deviations."""
    from matplotlib.patches import Circle

    for mean, colour in zip(policy.means, COLOURS):
        for radius in (STD, 2 * STD):
            axes.add_patch(Circle(mean, radius, color=colour, alpha=0.18, lw=0))


def draw_row(
    row: Any, policy: GaussianMixture, targets: np.ndarray, references: np.ndarray, solver: str
) -> str:
    """Draws reference, noise and action of one solver; returns a line about the result."""
    found: Inversion = invert(policy.velocity, references, uniform(STEPS), solver)
    actions = sample(policy.velocity, found.noise, uniform(STEPS))
    kept = np.mean(modes_of(policy, actions) == targets)
    before, after = (
        np.linalg.norm(points - policy.means[targets], axis=1).mean() / STD
        for points in (references, actions)
    )
    draw_policy(row[0], policy)
    draw_background(row[1], policy)
    draw_policy(row[2], policy)
    row[2].plot(*np.stack([references, actions], axis=1).T, color='0.6', lw=0.7, zorder=1)
    for axes, points in zip(row, (references, found.noise, actions)):
        axes.scatter(*points.T, c=COLOURS[targets], s=16, edgecolors='k', linewidths=0.4, zorder=2)
        axes.set(xlim=(-WINDOW, WINDOW), ylim=(-WINDOW, WINDOW), aspect='equal')
    row[0].set_ylabel(SOLVER_TITLES[solver])
    summary = f'{kept:.0%} in the right mode, {after:.1f} std off'
    row[0].set_xlabel(f'{before:.1f} std off the right mode')
    row[1].set_xlabel(f'{found.nfe} evaluations')
    row[2].set_xlabel(summary)
    return f'{SOLVER_TITLES[solver]}: {found.nfe} evaluations, {summary} (before: {before:.1f})'


def main() -> None:
    """Draws the figure and prints one line per solver."""
    parser = argparse.ArgumentParser(description='Draw the round trip action -> noise -> action.')
    parser.add_argument('--out', default='round_trip.png', help='PNG to write')
    parser.add_argument('--seed', type=int, default=0, help='seed of the references')
    parser.add_argument(
        '--reach', type=float, default=1.5, help='how far references go (1: just so)'
    )
    args = parser.parse_args()

    import matplotlib

    matplotlib.use('Agg')
    from matplotlib import pyplot

    policy = four_modes()
    targets = np.repeat(np.arange(4), PER_MODE)
    references = coarse_references(policy, args.reach, np.random.default_rng(args.seed))
    figure, rows = pyplot.subplots(2, 3, figsize=(11, 7.6), layout='constrained')
    for axes, title in zip(rows[0], ('coarse references', 'their noise', 'denoised actions')):
        axes.set_title(title)
    for row, solver in zip(rows, SOLVER_TITLES):
        print(draw_row(row, policy, targets, references, solver))
    figure.suptitle('Flow reversal on a four-mode policy; colour: the mode that was asked for')
    figure.savefig(args.out, dpi=120)
    print(f'wrote {args.out}')


if __name__ == '__main__':
    main()
