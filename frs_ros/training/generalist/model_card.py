# SPDX-License-Identifier: Apache-2.0
"""Model card of the generalist, written from its checkpoint and measured competence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import starmap
from typing import Any

from frs_ros.datasets.collection import CollectionSettings
from frs_ros.evaluation.markdown import markdown_table
from frs_ros.sim.splits import SPLITS
from frs_ros.training.generalist.config import FIRST_VALIDATION_INIT

_CARD = """# {name}

A small flow-matching policy (two cameras, proprioception and an instruction in; chunks of
{horizon} x {action_dim} LIBERO actions out) that ships with `frs_ros` so that steering can be
tried without a large model. {parameters:,} parameters, {megabytes:.1f} MB, CPU, float16 on disk.

## Trained on

* {episodes} scripted demonstrations ({steps} steps, {frames} rendered frames of two cameras) of
  `frs collect`; {assets}. In each scene the expert does various things, with: {targets}.
* Validation: {validation_episodes} episodes ({validation_frames} frames) of init states
  {first_validation}-{last_init}.
* Dataset digest `{digest}`.
* **Held out: {held_out}.** The things stand in the scenes, but this was never done there, never
  named and never labelled. `frs collect` uses init states 0-{last_init} only.
{split}
* {joint_steps} steps on the whole network and {head_steps} on the flow head alone, batch {batch} x
  {draws} noise draws, seed {seed}; the instruction was dropped in {dropout:.0%} of the samples.
  Validation losses: {losses}.

Made with

```
{commands}
```

## Knows these instructions

{instructions}

Any other instruction, the held-out ones too, counts as none.

## Competence

{competence}

## Limits

One training seed. Objects are told apart mainly by colour and coarse shape, in the look of the
assets named above; another look is a different domain. The cameras must stand where LIBERO puts
them. Do not run it on a robot.
"""


def render_model_card(
    description: Mapping[str, Any],
    *,
    name: str,
    parameters: int,
    megabytes: float,
    assets: str,
    commands: Sequence[str],
    competence: Sequence[Mapping[str, Any]],
) -> str:
    """The card as Markdown.

    Args:
        description: JSON of the checkpoint (`checkpoint.read_metadata`).
        name: Title.
        parameters: Number of weights.
        megabytes: Size of the file.
        assets: What the simulator's objects looked like, in words.
        commands: Commands that make the checkpoint.
        competence: Rows with the same keys, such as `{'setting': .., 'success': ..}`;
            empty if it was not measured yet.
    """
    training, spec = description['training'], description['spec']
    data, config = training['data'], training['config']
    losses = ', '.join(f'{k.removeprefix("val_")} {v}' for k, v in training['validation'].items())
    return _CARD.format(
        name=name,
        horizon=spec['horizon'],
        action_dim=spec['action_dim'],
        parameters=parameters,
        megabytes=megabytes,
        assets=assets,
        **{key: data[key] for key in ('episodes', 'steps', 'frames', 'validation_episodes')},
        validation_frames=data['validation_frames'],
        targets=_words(data['targets']),
        held_out=_words(data['held_out']),
        digest=data['digest'],
        first_validation=FIRST_VALIDATION_INIT,
        last_init=CollectionSettings.init_states - 1,
        joint_steps=config['steps'],
        head_steps=config['head_steps'],
        batch=config['batch'],
        draws=config['draws'],
        seed=config['seed'],
        dropout=config['instruction_dropout'],
        losses=losses or 'not measured',
        split='\n'.join(starmap(_split, data['tasks'].items())),
        commands='\n'.join(commands),
        instructions='\n'.join(f'* {text}' for text in description['instructions']),
        competence=markdown_table(competence) if competence else 'Not measured yet.',
    )


def _split(suite: str, tasks: Sequence[int]) -> str:
    """Whose scenes the data are of, and what of the suite is held out."""
    if suite not in SPLITS:
        return f'* The scenes of tasks {_numbers(tasks)}.'
    return (
        f'* Of `{suite}` the scenes of tasks {_numbers(tasks)}. Held-out tasks: '
        f'{_numbers(SPLITS[suite].held_out)}.'
    )


def _numbers(tasks: Sequence[int]) -> str:
    return ', '.join(map(str, tasks))


def _words(names: Sequence[str]) -> str:
    return ', '.join(name.replace('_', ' ') for name in names)
