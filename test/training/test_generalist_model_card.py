# SPDX-License-Identifier: Apache-2.0
from frs_ros.training.generalist.config import GeneralistConfig
from frs_ros.training.generalist.model_card import render_model_card

DESCRIPTION = {
    'spec': {'horizon': 10, 'action_dim': 7},
    'instructions': ['pick up the ketchup'],
    'training': {
        'validation': {'val_flow': 0.117},
        'config': vars(GeneralistConfig()),
        'data': {
            'episodes': 411, 'steps': 58751, 'frames': 14678, 'validation_episodes': 20,
            'validation_frames': 700, 'tasks': {'libero_spatial': [0, 1]},
            'targets': ['ketchup', 'orange_juice'], 'held_out': ['tomato_sauce', 'milk'],
            'digest': 'abc',
        },
    },
}  # fmt: skip


def card(competence):
    return render_model_card(
        DESCRIPTION,
        name='mini',
        parameters=2_647_000,
        megabytes=5.3,
        assets='stand-in assets',
        commands=['frs collect --out D', 'frs train generalist --data D --out M'],
        competence=competence,
    )


def test_card_says_what_it_was_trained_on_and_what_is_held_out():
    text = card([{'setting': 'trained tasks', 'success': '20/21'}])
    for fact in (
        '411', '2,647,000', 'orange juice', 'Held out: tomato sauce, milk', '`abc`', 'flow 0.117',
        'frs train generalist --data D', '30%', '| setting | success |', '| trained tasks | 20/21',
        'Of `libero_spatial` the scenes of tasks 0, 1. Held-out tasks: 2, 5, 8.',
    ):  # fmt: skip
        assert fact in text


def test_card_admits_what_was_not_measured():
    assert 'Not measured yet' in card([])
