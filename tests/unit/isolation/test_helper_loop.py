"""The loop of helper processes."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from podid.localcluster.isolation.helper import messages
from podid.localcluster.isolation.helper.loop import Loop


def test_what_was_closed_by_another_of_the_same_batch_is_not_called(tmp_path: Path) -> None:
    pid = os.fork()  # the loop owns its process's signals
    if pid == 0:
        try:
            loop = Loop(messages.listen(str(tmp_path / "s")), {})
            pipes = [os.pipe(), os.pipe()]
            called: list[int] = []

            def ready(mine: int, other: int) -> None:
                called.append(os.read(mine, 1)[0])
                for fd in (mine, other):
                    loop.forget(fd)
                    os.close(fd)
                loop.stop()

            for (read, write), (other, _) in (pipes, pipes[::-1]):
                loop.watch(read, lambda read=read, other=other: ready(read, other))  # type: ignore[misc]
                os.write(write, b"x")
            loop.run()
            os._exit(0 if called == [ord("x")] else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_a_client_that_sends_rubbish_is_dropped_and_one_that_errs_is_told(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    listener = messages.listen(path)
    pid = os.fork()
    if pid == 0:
        try:
            loop = Loop(listener, {"fail": lambda connection, message, fds: connection.send({"got": message["n"]})})
            loop.run()
        finally:
            os._exit(2)
    listener.close()
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(path)
            client.sendall(b'{"op": "none"}\n{"op": "fail"}\n{"op": "fail", "n": 3}\n')
            answers = b""
            while answers.count(b"\n") < 3:
                answers += client.recv(4096)
            assert answers == b'{"error":"no operation \'none\'"}\n{"error":"\'n\'"}\n{"got":3}\n'
            client.sendall(b"rubbish\n")
            assert client.recv(4096) == b""
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)


@pytest.mark.parametrize(("status", "code"), [(0, 0), (7 << 8, 7), (9, 137), (15, 143)])
def test_a_wait_status_is_shown_as_a_shell_does(status: int, code: int) -> None:
    from podid.localcluster.isolation.helper.loop import exit_code

    assert exit_code(status) == code
