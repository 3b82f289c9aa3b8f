# SPDX-License-Identifier: Apache-2.0
import json

import pytest

from frs_ros.cli import main
from frs_ros.commands.eval import digest_of
from frs_ros.policies.checkpoint import save_policy
from frs_ros.policies.mini import random_policy
from frs_ros.training.generalist.config import GeneralistConfig

DATA = {
    'episodes': 411, 'steps': 58751, 'frames': 14678, 'validation_episodes': 20,
    'validation_frames': 700, 'tasks': {'libero_spatial': [0, 1]}, 'targets': ['ketchup'],
    'held_out': ['milk'], 'digest': 'abc',
}  # fmt: skip
TOTAL = {
    'method': 'base', 'successes': 3, 'trials': 10, 'wilson95': [0.1078, 0.6032],
    'outcomes': {'success': 3, 'wrong object': 7},
    'first_lifted': {'black_bowl_1': 4, 'black_bowl_2': 1, 'milk_1': 5},
}  # fmt: skip


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / 'policy.safetensors'
    metadata = {'validation': {'val_flow': 0.1}, 'config': vars(GeneralistConfig()), 'data': DATA}
    save_policy(random_policy(seed=0), path, metadata)
    return path


def test_card_holds_what_was_measured(tmp_path, checkpoint):
    results, card = tmp_path / 'results.json', tmp_path / 'card.md'
    settings = {'checkpoint_sha256': digest_of(checkpoint)}
    results.write_text(json.dumps({'settings': settings, 'totals': [TOTAL]}))
    code = main(
        ['card', '--checkpoint', str(checkpoint), '--evaluation', f'no instruction={results}',
         '--command', 'frs collect --out D', '--out', str(card)]
    )  # fmt: skip
    assert code == 0
    text = card.read_text()
    for fact in (
        'no instruction',
        '3/10',
        '11 .. 60 %',
        'wrong object 7',
        'milk 5, black bowl 1 4, black bowl 2 1',
        'frs collect',
    ):
        assert fact in text


@pytest.mark.parametrize('evaluation', ['no label', 'label=nowhere.json'])
def test_wrong_evaluations_are_one_line(tmp_path, checkpoint, evaluation, capsys):
    code = main(
        ['card', '--checkpoint', str(checkpoint), '--evaluation', evaluation,
         '--out', str(tmp_path / 'card.md')]
    )  # fmt: skip
    assert code == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_evaluations_of_another_checkpoint_are_refused(tmp_path, checkpoint, capsys):
    results = tmp_path / 'results.json'
    for evaluated in ('abc', f'{digest_of(checkpoint)},abc'):
        settings = {'checkpoint_sha256': evaluated}
        results.write_text(json.dumps({'settings': settings, 'totals': [TOTAL]}))
        code = main(
            ['card', '--checkpoint', str(checkpoint), '--evaluation', f'base={results}',
             '--out', str(tmp_path / 'card.md')]
        )  # fmt: skip
        assert code == 2
        assert 'another checkpoint' in capsys.readouterr().err
