# SPDX-License-Identifier: Apache-2.0
"""Fixtures for every area: an isolated ROS graph, real node processes, waiting for conditions.

A test that needs ROS is marked `ros` or uses one of the fixtures `ros_domain`, `ros` and
`node_process`; it is skipped where rclpy is missing.
"""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from frs_ros import program
from frs_ros.lifeline import PARENT

# The tests' tensors are small: more threads per process only get in each other's way.
os.environ.setdefault('OMP_NUM_THREADS', '1')

PROCESSES = pytest.StashKey[list]()  # of a test item: the node processes it has started
ROS_FIXTURES = {'ros_domain', 'ros', 'node_process'}
ROS_MODULES = ('rclpy', 'domain_coordinator')

# In a shell's background job SIGINT is ignored, and children inherit that: then no node could be
# interrupted. A handler of our own is reset to the default in every child.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips tests that need ROS where it is missing; gives real processes a second chance."""
    for item in items:
        if _meets_processes(item):
            item.add_marker(pytest.mark.flaky(reruns=1))
    missing = [name for name in ROS_MODULES if importlib.util.find_spec(name) is None]
    if not missing:
        return
    skip = pytest.mark.skip(reason=f'needs ROS 2: no module {", ".join(missing)}')
    for item in items:
        if item.get_closest_marker('ros') or ROS_FIXTURES & set(getattr(item, 'fixturenames', ())):
            item.add_marker(skip)


def _meets_processes(item: pytest.Item) -> bool:
    """Whether other processes have to keep time with the test.

    The robot's is lost when its process stands still for 0.1 s, as happens on a busy machine: a
    test that fails then is repeated once, and reported as such.
    """
    kind = getattr(getattr(item, 'callspec', None), 'params', {}).get('kind')
    return kind == 'simulated' or 'node_process' in getattr(item, 'fixturenames', ())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Adds what node processes have written to the report of a failed test."""
    report = yield
    if report.failed:
        for process in item.stash.get(PROCESSES, []):
            title = f'{process.log.name} (exit status {process.returncode})'
            report.sections.append((title, process.output))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Shows why tests were repeated, not only that they were."""
    for report in terminalreporter.stats.get('rerun', []):
        terminalreporter.section(f'{report.nodeid} at first')
        terminalreporter.write_line(report.longreprtext)
        for title, text in report.sections:
            terminalreporter.section(title, sep='-')
            terminalreporter.write_line(text)


def _wait_for(
    condition: Callable[[], object],
    timeout: float = 10.0,
    what: str = 'the condition',
    step: Callable[[], None] = lambda: time.sleep(0.02),
) -> object:
    """Returns the first true value of `condition`; the test fails after `timeout` seconds.

    Args:
        condition: Called again and again.
        timeout: In seconds.
        what: Named in the failure.
        step: What to do between two calls.
    """
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            pytest.fail(f'{what} did not come true within {timeout} s')
        step()


@pytest.fixture
def wait_for() -> Callable[..., object]:
    """The function `wait_for(condition, timeout=10.0, what='...')`."""
    return _wait_for


_DOMAINS = (1 + n % 100 for n in itertools.count(os.getpid()))


@pytest.fixture
def ros_domain(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A ROS domain that nobody else on this machine uses, also for child processes."""
    from domain_coordinator import domain_id

    from frs_ros.bringup.listeners.recorded_run import is_free

    def select() -> int:
        """One that nobody is in any more: nodes of the test before may take a moment to end."""
        return next(domain for domain in _DOMAINS if is_free(domain))

    with domain_id(select) as domain:
        monkeypatch.setenv('ROS_DOMAIN_ID', str(domain))
        monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
        yield int(domain)


class Graph:
    """The test's own side of the ROS graph.

    Attributes:
        domain: ROS domain id.
        context: A fresh rclpy context.
        executor: Single-threaded executor; it only runs inside `wait_for` and `spin_once`.
    """

    def __init__(self, domain: int) -> None:
        import rclpy
        from rclpy.executors import SingleThreadedExecutor

        self.domain = domain
        self.context = rclpy.Context()
        rclpy.init(context=self.context, domain_id=domain)
        self.executor = SingleThreadedExecutor(context=self.context)
        self._nodes: list = []

    def add(self, node):
        """Hands a node, made with `context=ros.context`, to the executor; returns it."""
        self._nodes.append(node)
        self.executor.add_node(node)
        return node

    def node(self, name: str = 'test', **options):
        """A plain rclpy node in this graph."""
        import rclpy

        return self.add(rclpy.create_node(name, context=self.context, **options))

    def collect(self, node, message_type: type, topic: str, qos=10) -> list:
        """Subscribes; returns the list that received messages are appended to."""
        received: list = []
        node.create_subscription(message_type, topic, received.append, qos)
        return received

    def spin_once(self, timeout: float = 0.02) -> None:
        """Runs at most one callback."""
        self.executor.spin_once(timeout_sec=timeout)

    def wait_for(self, condition, timeout: float = 10.0, what: str = 'the condition') -> object:
        """As the fixture `wait_for`, with callbacks running meanwhile."""
        return _wait_for(condition, timeout, what, step=self.spin_once)

    def close(self) -> None:
        """Destroys nodes, executor and context."""
        import rclpy

        self.executor.shutdown()
        for node in self._nodes:
            node.destroy_node()
        rclpy.try_shutdown(context=self.context)


@pytest.fixture
def ros(ros_domain: int) -> Iterator[Graph]:
    """An isolated graph with its own context and executor."""
    graph = Graph(ros_domain)
    yield graph
    graph.close()


class NodeProcess:
    """A node that runs as a process of its own, as it does for users.

    Attributes:
        process: The `subprocess.Popen`.
        log: File with what it wrote to stdout and stderr.
    """

    def __init__(self, command: list[str], log: Path, environment: dict[str, str]) -> None:
        self.log = log
        with log.open('wb') as stream:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env={**os.environ, 'PYTHONUNBUFFERED': '1', **environment},
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        """What it has written so far."""
        return self.log.read_text(errors='replace')

    @property
    def returncode(self) -> int | None:
        """Exit status; None while it runs."""
        return self.process.poll()

    def signal(self, number: int) -> None:
        """Sends a signal to the whole process group."""
        os.killpg(self.process.pid, number)

    def interrupt(self, timeout: float = 5.0) -> int:
        """Ctrl-C; returns the exit status, and fails the test if it does not end in time."""
        self.signal(signal.SIGINT)
        return self.wait(timeout)

    def wait(self, timeout: float = 5.0) -> int:
        """Waits for the end; returns the exit status, or fails the test."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            pytest.fail(f'{self.process.args} did not end within {timeout} s')

    def kill(self) -> None:
        """kill -9 of the group, without complaint if it has ended."""
        with contextlib.suppress(ProcessLookupError):
            self.signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def node_process(
    ros_domain: int, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., NodeProcess]]:
    """Starts nodes: `node_process('policy_server', '-p', 'method:=base')`.

    The words after the name follow `--ros-args`. `command=[...]` starts any other command
    line instead. Every process is killed at the end; its output is shown if the test failed.
    """
    started = request.node.stash.setdefault(PROCESSES, [])
    started.clear()  # of a first attempt

    def start(name: str, *ros_args: str, command: list[str] | None = None) -> NodeProcess:
        environment = {}
        if command is None:
            # or a node of tests that were killed would speak in the domain of the next ones
            environment = {PARENT: str(os.getpid())}
            command = program.command(f'frs_ros.nodes.{name}_node', '--ros-args', *ros_args)
        log = tmp_path / f'{len(started)}_{name}.log'
        started.append(NodeProcess(command, log, environment))
        return started[-1]

    yield start
    for process in started:
        process.kill()


@pytest.fixture(scope='session')
def repository() -> SimpleNamespace:
    """Where things are: `.root`, `.package` (the Python package), `.messages`."""
    root = Path(__file__).resolve().parents[1]
    return SimpleNamespace(root=root, package=root / 'frs_ros', messages=root / 'msg')
