"""Events of processes: what happened to one, and what is asked of some."""

from __future__ import annotations

import signal as signal_module
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..._overlay import seal
from ...event import Event
from ...utilities import ensure_argument_type

if TYPE_CHECKING:
    from ...actions import ExecuteProcess

    Matcher = Callable[[ExecuteProcess], bool]

__all__ = [
    "ProcessExited",
    "ProcessIO",
    "ProcessStarted",
    "ProcessStderr",
    "ProcessStdout",
    "ProcessTargetedEvent",
    "RunningProcessEvent",
    "ShutdownProcess",
    "SignalProcess",
    "matches_executable",
    "matches_name",
    "matches_pid",
]

__getattr__ = seal(__name__)


class RunningProcessEvent(Event):
    """Something that happened to a process.

    Args:
        action: the action that started it.
        name: its unique name.
        cmd: its command.
        cwd: its folder.
        env: its environment.
        pid: its id.
    """

    name = "launch.events.process.RunningProcessEvent"

    def __init__(
        self,
        *,
        action: ExecuteProcess,
        name: str,
        cmd: list[str],
        cwd: str | None,
        env: dict[str, str] | None,
        pid: int,
    ) -> None:
        self.action = action
        self.execute_process_action = action
        self.process_name = name
        self.cmd = cmd
        self.cwd = cwd
        self.env = env
        self.pid = pid


class ProcessStarted(RunningProcessEvent):
    """A process has started."""

    name = "launch.events.process.ProcessStarted"


class ProcessExited(RunningProcessEvent):
    """A process has ended; a negative return code is the signal that ended it."""

    name = "launch.events.process.ProcessExited"

    def __init__(self, *, returncode: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.returncode = returncode


class ProcessIO(RunningProcessEvent):
    """A process has written to its standard output (`fd` 1) or standard error (2)."""

    name = "launch.events.process.ProcessIO"

    def __init__(self, *, text: bytes, fd: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.text = text
        self.from_stdin = fd == 0
        self.from_stdout = fd == 1
        self.from_stderr = fd == 2


class ProcessStdout(ProcessIO):
    """A process has written to its standard output."""

    name = "launch.events.process.ProcessStdout"

    def __init__(self, *, text: bytes, **kwargs: Any) -> None:
        super().__init__(text=text, fd=1, **kwargs)


class ProcessStderr(ProcessIO):
    """A process has written to its standard error."""

    name = "launch.events.process.ProcessStderr"

    def __init__(self, *, text: bytes, **kwargs: Any) -> None:
        super().__init__(text=text, fd=2, **kwargs)


class ProcessTargetedEvent(Event):
    """Something asked of the processes that the matcher chooses."""

    name = "launch.events.process.ProcessTargetedEvent"

    def __init__(self, *, process_matcher: Matcher) -> None:
        self.process_matcher = process_matcher


class ShutdownProcess(ProcessTargetedEvent):
    """The processes are to end."""

    name = "launch.events.process.ShutdownProcess"


class SignalProcess(ProcessTargetedEvent):
    """The processes are to be sent a signal."""

    name = "launch.events.process.SignalProcess"

    def __init__(self, *, signal_number: str | signal_module.Signals, process_matcher: Matcher) -> None:
        super().__init__(process_matcher=process_matcher)
        ensure_argument_type(signal_number, (str, signal_module.Signals), "signal_number", "SignalProcess")
        self.signal = signal_number

    @property
    def signal_name(self) -> str:
        """The signal's name, such as "SIGINT"."""
        return self.signal if isinstance(self.signal, str) else self.signal.name


def _details(action: ExecuteProcess) -> dict[str, Any]:
    return action.process_details or {"pid": None, "name": None, "cmd": [""]}


def matches_pid(pid: int) -> Matcher:
    """Matches the process with this id."""
    return lambda action: _details(action).get("pid") == pid


def matches_name(name: str) -> Matcher:
    """Matches the process with this unique name."""
    return lambda action: _details(action)["name"] == name


def matches_executable(executable: str) -> Matcher:
    """Matches processes whose executable ends in this text."""
    return lambda action: action.process_details is not None and _details(action)["cmd"][0].endswith(executable)
