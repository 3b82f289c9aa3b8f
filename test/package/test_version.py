# SPDX-License-Identifier: Apache-2.0
"""The version stands in package.xml and nowhere else."""

from __future__ import annotations

import importlib.metadata
import re
from xml.etree import ElementTree

import pytest


@pytest.fixture(scope='module')
def version(repository):
    return ElementTree.parse(repository.root / 'package.xml').findtext('version')


def test_version_is_semantic(version):
    assert re.fullmatch(r'\d+\.\d+\.\d+', version)


def test_pip_installed_this_version(version):
    try:
        installed = importlib.metadata.version('frs_ros')
    except importlib.metadata.PackageNotFoundError:
        pytest.skip('frs_ros was not installed by pip')
    assert installed == version


def test_version_is_written_once(version, repository):
    places = [repository.root / n for n in ('setup.py', 'pyproject.toml', 'CMakeLists.txt')]
    places += repository.package.rglob('*.py')
    number = re.compile(rf'(?<![\w.]){re.escape(version)}(?![\w.])')
    assert [str(p) for p in places if number.search(p.read_text())] == []
