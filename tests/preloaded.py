"""A process that has imported what the commands import, and is forked once for each command that a test runs.

What is forked is as a process that starts from nothing: it has a session, a folder, an environment and files of its
own, and it ends as an interpreter ends. `commands.py` starts this file and sends it orders.
"""

import atexit
import json
import os
import runpy
import selectors
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

import fork_server

LONGEST = 1 << 20  # bytes of an order
os.fsync = lambda _: None  # as in conftest.py


def main(control: socket.socket) -> None:
    _import_all()
    ordered = _next_order(control)
    if ordered is not None:
        _become(*ordered)


def _import_all() -> None:
    import unrolled.sweeps.preload
    from unrolled.processes.imports import imports

    with imports():
        import unrolled.inspection.diagnose
        import unrolled.inspection.predict
        import unrolled.report.build
        import unrolled.report.run_page
        import unrolled.sweeps.grid  # noqa: F401
        from unrolled.tasks import sentiment

        sentiment.splits()  # of the default task: half of a short run's time


def _next_order(control: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """Forks for each order and reports its end. Returns an order in what is forked, None at the end of the tests."""
    waiting = selectors.DefaultSelector()
    waiting.register(control, selectors.EVENT_READ)
    running: dict[int, tuple[int, socket.socket]] = {}  # by the descriptor that becomes readable at its end
    while True:
        for key, _ in waiting.select():
            if key.fd != control.fileno():
                _report(key.fd, waiting, running)
                continue
            text, descriptors, _, _ = socket.recv_fds(control, LONGEST, 3)
            if not text:
                _end(running)
                return None
            *files, answers = descriptors
            if (pid := os.fork()) == 0:
                for each in (control, waiting, socket.socket(fileno=answers), *(end for _, end in running.values())):
                    each.close()
                for watched in running:
                    os.close(watched)
                _leave_what_is_the_servers()
                return json.loads(text), files
            for file in files:
                os.close(file)
            end = os.pidfd_open(pid)
            running[end] = pid, socket.socket(fileno=answers)
            running[end][1].send(str(pid).encode())
            waiting.register(end, selectors.EVENT_READ)


def _leave_what_is_the_servers() -> None:
    """W&B makes a temporary folder for pictures when it is imported: the end of one command must not remove it."""
    from wandb.sdk.data_types._private import MEDIA_TMP

    MEDIA_TMP._finalizer.detach()  # type: ignore[attr-defined]
    MEDIA_TMP.__init__("wandb-media")  # one of its own, removed at its own end


def _report(end: int, waiting: selectors.BaseSelector, running: dict[int, tuple[int, socket.socket]]) -> None:
    waiting.unregister(end)
    os.close(end)
    pid, answers = running.pop(end)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    try:
        answers.send(str(code).encode())
    except BrokenPipeError:  # the test did not wait for it
        return
    finally:
        answers.close()


def _end(running: dict[int, tuple[int, socket.socket]]) -> None:
    """Nobody is left to wait for what runs."""
    for pid, _ in running.values():
        os.killpg(pid, signal.SIGKILL)


def _become(order: dict[str, Any], files: list[int]) -> None:
    import numpy as np
    import torch

    os.setsid()
    for file, number in zip(files, (1, 2), strict=True):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    np.random.seed()  # as at its import; Python's own generator draws a seed after each fork by itself
    torch.seed()
    script = order["script"]
    sys.argv = [script, *order["words"]]
    if "--config-name" in sys.argv or "-m" in sys.argv:
        fork_server.keep_ready(_leave_what_is_the_servers)
    sys.path[0] = str(Path(script).parent)
    os._exit(_code_of(script))


def _code_of(script: str) -> int:
    """Runs a script to the end of its threads and exit functions. Returns the exit code of an interpreter that did so.

    What an interpreter does after that is to free each module's objects, half a second for torch, Lightning and W&B.
    """
    code: Any = 0
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as ended:
        code = ended.code
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    if isinstance(code, str):
        print(code, file=sys.stderr)
    for file in (sys.stdout, sys.stderr):
        file.flush()
    return code if isinstance(code, int) else int(code is not None)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
