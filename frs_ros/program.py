# SPDX-License-Identifier: Apache-2.0
"""Programs of this package as processes: their command line, and what they do at first.

`command` makes the command line of a module. It runs this file as a script, `python
.../frs_ros/program.py MODULE [WORD ...]`, because `python -m` and `python -c` look into the
current folder before all others: a `yaml.py` there would run in every node.
"""

from __future__ import annotations

import sys

if __name__ == '__main__' and not (sys.flags.isolated or getattr(sys.flags, 'safe_path', False)):
    # Python has put the folder of this script first, where types.py is not that of Python.
    del sys.path[0]

import importlib
import os
import signal
from typing import Any, NoReturn

EXIT_INTERRUPTED = 130  # as shells say of Ctrl-C
WORKERS = 'frs_ros.workers'  # Ctrl-C is for the one that has started them


def command(module: str, *words: str) -> list[str]:
    """Command line that runs `main()` of a module of this package with this Python.

    Args:
        module: Its dotted name.
        words: Arguments of the program.
    """
    return [sys.executable, os.path.abspath(__file__), module, *words]


def run(module: str) -> NoReturn:
    """Runs `main()` of a module as this process, and ends it with the exit code.

    Ctrl-C ends a node (`*_node`) with 0 and anything else with 130, without a traceback; so does
    SIGTERM while the module is imported. SIGINT may be blocked until here, so that it does not hit
    Python's own start.
    """
    is_node = module.endswith('_node')
    interrupted = 0 if is_node else EXIT_INTERRUPTED
    _on_signals(lambda *_: os._exit(interrupted))  # nothing is to be cleaned up yet
    if module != WORKERS:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    main = importlib.import_module(module).main
    _on_signals(signal.default_int_handler, None if is_node else signal.SIG_DFL)
    try:
        code = main()
    except KeyboardInterrupt:
        code = interrupted
    sys.exit(code)


def frs() -> NoReturn:
    """Runs the command `frs`."""
    run('frs_ros.cli')


def _on_signals(handler: Any, of_termination: Any = None) -> None:
    """Sets what Ctrl-C does, and SIGTERM unless the same; what is ignored stays so."""
    other = handler if of_termination is None else of_termination
    handlers = {signal.SIGINT: handler, signal.SIGTERM: other}
    for number, wanted in handlers.items():
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, wanted)


def _importable() -> None:
    """Makes sure that this package is found: without an installation, beside this file."""
    from importlib.util import find_spec

    if find_spec('frs_ros') is None:
        sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


if __name__ == '__main__':
    _importable()
    run(sys.argv.pop(1))
