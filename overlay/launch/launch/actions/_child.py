"""A child process in the event loop: its output in pieces, its end as a future."""

from __future__ import annotations

import asyncio
import os
import pty
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

Output = Callable[[int, bytes], None]

GRACE_S = 1.0
"""How long a child's output is read after its end, where a grandchild keeps the pipe open."""


class _Child(asyncio.SubprocessProtocol):
    """Tells of the child's output and end."""

    def __init__(self, on_start: Callable[[int], None], on_output: Output, loop: asyncio.AbstractEventLoop) -> None:
        self._on_start = on_start
        self._on_output = on_output
        self.exited = loop.create_future()
        self.closed = {1: loop.create_future(), 2: loop.create_future()}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Tells of the start, before any output."""
        assert isinstance(transport, asyncio.SubprocessTransport)
        self._on_start(transport.get_pid())

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Passes on a piece of output."""
        self._on_output(fd, data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        """Notes the end of one of the streams."""
        if fd in self.closed and not self.closed[fd].done():
            self.closed[fd].set_result(None)

    def process_exited(self) -> None:
        """Notes the child's end."""
        if not self.exited.done():
            self.exited.set_result(None)


class _PtyStream(asyncio.Protocol):
    """One output stream that comes through a pseudo-terminal."""

    def __init__(self, child: _Child, fd: int) -> None:
        self._child = child
        self._fd = fd

    def data_received(self, data: bytes) -> None:
        """Passes on a piece of output."""
        self._child.pipe_data_received(self._fd, data.replace(b"\r\n", b"\n"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Notes the end of the stream."""
        self._child.pipe_connection_lost(self._fd, exc)


class ChildProcess:
    """A running child process; made by `start_child`."""

    def __init__(self, transport: asyncio.SubprocessTransport, child: _Child) -> None:
        self._transport = transport
        self._child = child
        self.pid = transport.get_pid()

    @property
    def returncode(self) -> int | None:
        """What the child returned, None while it runs."""
        return self._transport.get_returncode()

    @property
    def has_exited(self) -> bool:
        """Whether the child has ended."""
        return self._child.exited.done()

    async def wait(self, timeout: float | None = None) -> bool:
        """Waits for the child's end; tells whether it came within the time, in seconds."""
        await asyncio.wait([self._child.exited], timeout=timeout)
        return self.has_exited

    async def drain(self) -> None:
        """Waits for the end of the output of a child that has ended, and releases what it holds."""
        await asyncio.wait(self._child.closed.values(), timeout=GRACE_S)
        self._transport.close()

    def send_signal(self, number: int) -> None:
        """Sends the child a signal; nothing happens when it has ended."""
        if not self.has_exited:
            try:
                self._transport.send_signal(number)
            except ProcessLookupError:
                return


async def start_child(
    cmd: Sequence[str],
    *,
    cwd: str | None,
    env: Mapping[str, str] | None,
    shell: bool,
    emulate_tty: bool,
    on_start: Callable[[int], None],
    on_output: Output,
) -> ChildProcess:
    """Starts a process.

    Args:
        cmd: the executable and its arguments.
        cwd: the working folder.
        env: the environment.
        shell: has a shell run the arguments, joined by spaces.
        emulate_tty: lets the process believe that it writes to terminals.
        on_start: called with the process's id.
        on_output: called with 1 (standard output) or 2 (standard error) and each piece of output.

    Raises:
        OSError: it cannot be started.
    """
    loop = asyncio.get_running_loop()
    child = _Child(on_start, on_output, loop)
    masters, slaves = [], []
    if emulate_tty:
        for _ in (1, 2):
            master, slave = pty.openpty()
            masters.append(master)
            slaves.append(slave)
    streams: dict[str, Any] = {"stdout": slaves[0], "stderr": slaves[1]} if emulate_tty else {}
    try:
        if shell:
            start = loop.subprocess_shell(lambda: child, " ".join(cmd), cwd=cwd, env=env, **streams)
        else:
            start = loop.subprocess_exec(lambda: child, *cmd, cwd=cwd, env=env, **streams)
        transport, _ = await start
    finally:
        for slave in slaves:
            os.close(slave)
    for fd, master in enumerate(masters, start=1):
        await loop.connect_read_pipe(partial(_PtyStream, child, fd), os.fdopen(master, "rb", 0))
    return ChildProcess(transport, child)
