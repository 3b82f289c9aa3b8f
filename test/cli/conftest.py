# SPDX-License-Identifier: Apache-2.0
import pytest

from frs_ros import cli


@pytest.fixture
def refused(capsys):
    """Runs `frs ...`, which must be refused in one line; returns the line."""

    def run(*argv: str) -> str:
        code = cli.main([str(word) for word in argv])
        out, err = capsys.readouterr()
        assert code == 2, (code, out, err)
        assert out == ''
        assert err.startswith('frs: error: ')
        assert err.count('\n') == 1, err
        return err

    return run


@pytest.fixture(scope='session')
def checkpoint(tmp_path_factory):
    """A checkpoint of random weights that knows the instructions of tasks 4 and 9."""
    from frs_ros.policies.checkpoint import save_policy
    from frs_ros.policies.mini import random_policy

    path = tmp_path_factory.mktemp('checkpoint') / 'random.safetensors'
    return save_policy(random_policy(), path, {})
