# SPDX-License-Identifier: Apache-2.0
"""The way in for pip: builds the messages with CMakeLists.txt, on the PyPI wheels of ROS 2.

Under colcon this file is not used. Where the wheels are missing, or pip isolates the build from
them, only the Python modules are installed: everything but the nodes works.
"""

import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

from setuptools import Distribution, find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
PREFIX = Path(sys.prefix)  # the wheels put libraries and CMake files into the environment's prefix
MANIFEST = ElementTree.parse(ROOT / 'package.xml').getroot()
log = logging.getLogger(__name__)
TOOLS = {'cmake': 'cmake', 'ninja': 'ninja-build', 'cc': 'gcc', 'c++': 'g++'}


def have_generators() -> bool:
    """Whether this environment holds the wheels that turn .msg files into code."""
    return (PREFIX / 'share' / 'rosidl_default_generators').is_dir()


def check_tools() -> None:
    """Ends with one line if the build would fail for want of a system package."""
    missing = [package for program, package in TOOLS.items() if not shutil.which(program)]
    if missing:
        sys.exit(
            'frs_ros: to build the messages, install first: sudo apt-get install '
            + ' '.join(missing)
        )


def build_interfaces(tree: Path) -> Path:
    """Runs CMakeLists.txt in the folder `tree`; returns the resulting install tree."""
    shutil.rmtree(tree, ignore_errors=True)  # its cache may belong to another environment
    install = tree / 'install'
    options = {
        'CMAKE_BUILD_TYPE': 'Release',
        'CMAKE_INSTALL_PREFIX': install,
        'CMAKE_PROJECT_frs_ros_INCLUDE': ROOT / 'cmake' / 'wheels_fix.cmake',
        'Python3_EXECUTABLE': sys.executable,
        'BUILD_TESTING': 'OFF',
    }
    configure = ['cmake', '-S', ROOT, '-B', tree / 'cmake', '-G', 'Ninja']
    configure += [f'-D{name}={value}' for name, value in options.items()]
    environment = dict(os.environ, AMENT_PREFIX_PATH=str(PREFIX), CMAKE_PREFIX_PATH=str(PREFIX))
    for command in (configure, ['cmake', '--build', tree / 'cmake', '--target', 'install']):
        # Not an exception: setuptools would swallow it in an editable install, and go on.
        if subprocess.run([str(word) for word in command], env=environment).returncode:
            sys.exit('frs_ros: building the messages failed; run pip with -v to see the reason')
    return install


class BuildWithInterfaces(build_py):
    """build_py, and the generated code of our messages beside the hand-written modules."""

    def run(self) -> None:
        super().run()
        if not have_generators():
            log.warning(
                'frs_ros: no ROS 2 message generators in this environment, so the nodes will not '
                'run; install requirements/ros.txt, then pip install --no-build-isolation .'
            )
            return
        check_tools()
        install = build_interfaces(ROOT / 'build' / 'pip')
        target = ROOT if self.editable_mode else Path(self.build_lib)
        generated = next(install.glob('lib/python*/site-packages/frs_ros'))
        shutil.copytree(generated / 'msg', target / 'frs_ros' / 'msg', dirs_exist_ok=True)
        for library in generated.glob('*.so'):
            shutil.copy2(library, target / 'frs_ros')
        self.distribution.data_files += data_files(install)
        if self.editable_mode:
            self.run_command('install_data')  # setuptools forgets it here


def data_files(install: Path) -> list[tuple[str, list[str]]]:
    """The part of the install tree that goes below the environment's prefix."""
    files = [*install.glob('lib/*.so'), *install.glob('lib/frs_ros/*')]
    files += [path for path in install.glob('share/**/*') if path.is_file()]
    return [(str(path.parent.relative_to(install)), [str(path)]) for path in files]


class PlatformDistribution(Distribution):
    """Marks the wheel as made for one Python and platform when it holds compiled messages."""

    def has_ext_modules(self) -> bool:
        return have_generators()


setup(
    version=MANIFEST.findtext('version'),
    packages=find_packages(include=['frs_ros', 'frs_ros.*'], exclude=['frs_ros.msg']),
    package_data={'frs_ros.policies': ['pretrained/*']},
    data_files=[],  # filled by BuildWithInterfaces
    cmdclass={'build_py': BuildWithInterfaces},
    distclass=PlatformDistribution,
    zip_safe=False,
)
