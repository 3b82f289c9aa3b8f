# SPDX-License-Identifier: Apache-2.0
"""Everything that is installed is pinned, and every pin says why."""

from __future__ import annotations

import re

import pytest

PIN = re.compile(r'^([\w.-]+)(?:\[\w+\])?==[\w.]+(; python_version [<>=]+ "3\.\d+")?  # \S.*$')


def normal(name):
    return re.sub(r'[-_.]+', '-', name).lower()


def entries(path):
    lines = path.read_text().splitlines()
    return [line for line in lines if line.strip() and not line.startswith('#')]


def test_pins_are_exact_and_have_a_reason(repository):
    folder = repository.root / 'requirements'
    names = ('constraints.txt', 'jazzy.txt', 'sim_no_deps.txt')
    pins = [line for name in names for line in entries(folder / name)]
    assert [line for line in pins if not PIN.match(line)] == []


def test_every_requirement_is_pinned(repository):
    folder = repository.root / 'requirements'
    pinned = {normal(PIN.match(line)[1]) for line in entries(folder / 'constraints.txt')}
    for path in folder.glob('*.txt'):
        if path.name not in ('constraints.txt', 'jazzy.txt', 'sim_no_deps.txt'):
            names = {normal(re.match(r'[\w.-]+', line)[0]) for line in entries(path)}
            assert names <= pinned, path.name


def test_jazzy_has_a_pin_of_its_own_for_every_ros_wheel_that_is_asked_for(repository):
    folder = repository.root / 'requirements'
    wheels = {normal(PIN.match(line)[1]) for line in entries(folder / 'jazzy.txt')}
    assert {name for name in wheels if not name.startswith('ros-')} == set()
    asked = {
        normal(re.match(r'[\w.-]+', line)[0])
        for name in ('ros.txt', 'dev.txt')
        for line in entries(folder / name)
    }
    asked -= {'ros-ament-cmake-ros-core'}  # made of ros-ament-cmake-ros after Jazzy
    assert {name for name in asked if name.startswith('ros-')} <= wheels


def test_manifest_is_valid(repository):
    """What colcon and rosdep read; the library warns about what REP 149 forbids."""
    package = pytest.importorskip('catkin_pkg.package')
    warnings: list[str] = []
    manifest = package.parse_package(str(repository.root), warnings=warnings)
    assert warnings == []
    assert manifest.get_build_type() == 'ament_cmake'
    assert [str(group) for group in manifest.member_of_groups] == ['rosidl_interface_packages']


def test_manifest_names_every_ros_package_that_is_imported(modules, repository):
    from xml.etree import ElementTree

    manifest = ElementTree.parse(repository.root / 'package.xml')
    named = {e.text for tag in ('depend', 'exec_depend') for e in manifest.iter(tag)}
    imported = {name.split('.')[0] for m in modules.values() for name in m.imports}
    ros = {name for name in imported if re.fullmatch(r'rclpy|\w+_msgs|\w+_interfaces', name)}
    assert 'rclpy' in ros
    assert ros <= named


PINNED = re.compile(r'^([\w.-]+)==([\w.]+)')
LOCK = re.compile(r'^(?P<name>[\w.-]+)==(?P<version>[\w.]+)( ; (?P<marker>[^\\]+?))? \\$')


def locked(path):
    """(name, version, marker, hashes) of every entry of a lock file."""
    found = []
    for line in path.read_text().splitlines()[1:]:
        if form := LOCK.match(line):
            found.append((normal(form['name']), form['version'], form['marker'] or '', []))
        else:
            (hash_,) = re.fullmatch(r'    --hash=sha256:([0-9a-f]{64})( \\)?', line).groups()[:1]
            found[-1][3].append(hash_)
    return found


@pytest.mark.parametrize('name', ['pip', 'all', 'no_deps', 'tools'])
def test_what_is_locked_has_hashes_and_the_tested_version(repository, name):
    folder = repository.root / 'requirements'
    lines = entries(folder / 'constraints.txt') + entries(folder / 'sim_no_deps.txt')
    pins = {
        (normal(line.split('==')[0]), re.split('[; ]', line.split('==')[1])[0]) for line in lines
    }
    pinned = {package for package, _ in pins}
    found = locked(folder / 'lock' / f'{name}.txt')
    assert found
    for package, version, marker, hashes in found:
        assert hashes, package
        if 'win32' not in marker and (name != 'tools' or package in pinned):
            assert (package, version) in pins


def test_all_that_is_asked_for_is_locked_but_torch(repository):
    folder = repository.root / 'requirements'
    have = {package for package, *_ in locked(folder / 'lock' / 'all.txt')}
    asked = {
        normal(re.match(r'[\w.-]+', line)[0])
        for name in ('core', 'learn', 'ros', 'sim', 'robot', 'dev')
        for line in entries(folder / f'{name}.txt')
    }
    assert asked - have == {'torch'}
    without = {package for package, *_ in locked(folder / 'lock' / 'no_deps.txt')}
    assert without == {normal(line.split('==')[0]) for line in entries(folder / 'sim_no_deps.txt')}
