# SPDX-License-Identifier: Apache-2.0
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from types import SimpleNamespace

import pytest

from frs_ros import cli

ROOT = Path(__file__).parents[2]
HEAVY = ('torch', 'mujoco', 'rclpy', 'matplotlib', 'cv2', 'scipy')


@pytest.fixture
def command(monkeypatch):
    """Adds a command `frs probe` that does what the test says."""

    def add(run):
        def add_arguments(parser):
            parser.add_argument('--number', type=int)

        module = SimpleNamespace(add_arguments=add_arguments, run=run)
        monkeypatch.setitem(sys.modules, 'probe_command', module)
        monkeypatch.setitem(cli.COMMANDS, ('probe',), ('probe_command', 'for tests'))

    return add


@pytest.mark.parametrize('words', list(cli.COMMANDS), ids=' '.join)
def test_every_command_has_help_and_imports_nothing_heavy(words):
    code = (
        'import sys; from frs_ros import cli\n'
        'try: cli.main(sys.argv[1:])\n'
        'except SystemExit as end: assert not end.code\n'
        f'print("heavy:", *[name for name in {HEAVY} if name in sys.modules])'
    )
    done = subprocess.run(
        [sys.executable, '-c', code, *words, '--help'],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert done.returncode == 0, done.stderr
    assert f'usage: frs {" ".join(words)}' in done.stdout
    assert done.stdout.splitlines()[-1] == 'heavy:'


def test_help_lists_every_command(capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(['--help'])
    assert end.value.code == 0
    listed = capsys.readouterr().out
    assert all(f'    {words[0]} ' in listed for words in cli.COMMANDS)


def test_version_is_that_of_the_package_manifest(capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(['--version'])
    assert end.value.code == 0
    version = ElementTree.parse(ROOT / 'package.xml').findtext('version')
    assert capsys.readouterr().out == f'frs {version}\n'


@pytest.mark.parametrize(
    ('argv', 'words'),
    [
        ([], 'COMMAND'),
        (['evaluate'], "invalid choice: 'evaluate'"),
        (['bench'], 'WHAT'),
        (['bench', 'everything'], "invalid choice: 'everything'"),
        (['probe', '--number', 'x'], "invalid int value: 'x' (see frs probe --help)"),
        (['probe', '--unknown'], 'unrecognized arguments: --unknown'),
    ],
)
def test_wrong_arguments_are_one_line(command, refused, argv, words):
    command(lambda args: 0)
    assert words in refused(*argv)


@pytest.mark.parametrize(('returned', 'code'), [(None, 0), (0, 0), (3, 3)])
def test_exit_code_is_what_the_command_returns(command, returned, code):
    command(lambda args: returned)
    assert cli.main(['probe']) == code


def test_error_for_the_user_is_one_line_even_if_its_text_is_not(command, refused):
    from frs_ros.errors import DataError

    def fail(args):
        raise DataError('the file\n  is damaged')

    command(fail)
    assert refused('probe') == 'frs: error: the file is damaged\n'


def test_folder_that_cannot_be_written_is_named(command, refused, tmp_path):
    file = tmp_path / 'file'
    file.touch()
    command(lambda args: (file / 'results').mkdir())
    line = refused('probe')
    assert line == f"frs: error: cannot use '{file / 'results'}': Not a directory\n"


def test_ctrl_c_is_quiet(command, capsys):
    def interrupt(args):
        raise KeyboardInterrupt

    command(interrupt)
    assert cli.main(['probe']) == 130
    assert capsys.readouterr() == ('', '')


@pytest.mark.parametrize('name', ['a_missing_library', 'frs_ros.msg'])
def test_what_is_not_installed_is_named_with_the_mend(command, refused, name):
    def fail(args):
        raise ModuleNotFoundError(f'No module named {name}', name=name)

    command(fail)
    line = refused('probe')
    assert f"'{name}'" in line
    assert 'make setup' in line


def test_defect_of_our_own_is_not_disguised(command):
    def fail(args):
        raise ModuleNotFoundError('No module named frs_ros.typo', name='frs_ros.typo')

    command(fail)
    with pytest.raises(ModuleNotFoundError):
        cli.main(['probe'])


TALKATIVE = (
    'import sys\n'
    'from frs_ros import cli\n'
    'cli._run = lambda argv: print("x" * 2**20)  # more than a pipe holds\n'
    'sys.exit(cli.main([]))\n'
)


def test_a_reader_that_goes_away_is_no_error():
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, '-c', TALKATIVE]
    run = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(writer)
    assert (run.returncode, run.stderr) == (cli.EXIT_UNREAD, '')
