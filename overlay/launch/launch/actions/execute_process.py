"""ExecuteProcess: runs a command for as long as the launch lasts, or as the command does."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .. import logging
from ..action import Action
from ..conditions import evaluate_condition_expression
from ..descriptions import Executable
from ..event_handler import EventHandler
from ..event_handlers import OnProcessExit, OnShutdown
from ..events import Shutdown
from ..events.process import (
    ProcessExited,
    ProcessStarted,
    ProcessStderr,
    ProcessStdout,
    ProcessTargetedEvent,
    ShutdownProcess,
    SignalProcess,
)
from ..launch_context import LaunchContext
from ..launch_description_entity import LaunchDescriptionEntity
from ..some_entities_type import SomeEntitiesType
from ..some_substitutions_type import SomeSubstitutionsType
from ..substitutions import LaunchConfiguration
from ..utilities import normalize_to_list_of_substitutions, perform_substitutions
from ..utilities.type_utils import normalize_typed_substitution, perform_typed_substitution
from ._child import ChildProcess, start_child
from .opaque_function import OpaqueFunction

STDOUT, STDERR = 1, 2


class ExecuteProcess(Action):
    """Runs a command, logs what it writes, and tells of its start, output and end by events.

    On shutdown the process is interrupted (SIGINT), terminated (SIGTERM) when it has not ended after
    `sigterm_timeout`, and killed (SIGKILL) after `sigkill_timeout` more.

    Args:
        cmd: the executable and its arguments.
        prefix: a command to put before it.
        name: the process's name in the log.
        cwd: the working folder.
        env: the whole environment; else launch's own.
        additional_env: variables on top of it.
        shell: has a shell run the command.
        sigterm_timeout: seconds.
        sigkill_timeout: seconds.
        emulate_tty: lets the process believe that it writes to a terminal, so that its output is not held back.
        output: where its output goes: "screen", "log", "both", "own_log", "full", or a dict; see `launch.logging`.
        output_format: how a line of output is logged; `line` and `this` may be used.
        cached_output: keeps the output for `get_stdout` and `get_stderr`.
        log_cmd: logs the command.
        on_exit: entities for its end, or a callable of event and context that returns some.
        respawn: starts it anew when it ends.
        respawn_delay: seconds between.
        respawn_max_retries: how many times, at most; negative for ever.
        condition: whether to run it at all.
    """

    def __init__(
        self,
        *,
        cmd: Iterable[SomeSubstitutionsType],
        prefix: SomeSubstitutionsType | None = None,
        name: SomeSubstitutionsType | None = None,
        cwd: SomeSubstitutionsType | None = None,
        env: Mapping[SomeSubstitutionsType, SomeSubstitutionsType] | None = None,
        additional_env: Mapping[SomeSubstitutionsType, SomeSubstitutionsType] | None = None,
        shell: bool = False,
        sigterm_timeout: SomeSubstitutionsType = LaunchConfiguration("sigterm_timeout", default=5),  # noqa: B008
        sigkill_timeout: SomeSubstitutionsType = LaunchConfiguration("sigkill_timeout", default=5),  # noqa: B008
        emulate_tty: bool = False,
        output: SomeSubstitutionsType | dict = "log",
        output_format: str = "[{this.process_description.final_name}] {line}",
        cached_output: bool = False,
        log_cmd: bool = False,
        on_exit: SomeEntitiesType | Callable[[ProcessExited, LaunchContext], SomeEntitiesType | None] | None = None,
        respawn: bool | SomeSubstitutionsType = False,
        respawn_delay: float | None = None,
        respawn_max_retries: int = -1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.process_description = Executable(
            cmd=cmd, prefix=prefix, name=name, cwd=cwd, env=env, additional_env=additional_env
        )
        self.shell = shell
        self.sigterm_timeout = normalize_to_list_of_substitutions(sigterm_timeout)
        self.sigkill_timeout = normalize_to_list_of_substitutions(sigkill_timeout)
        self.emulate_tty = emulate_tty
        output = os.environ.get("OVERRIDE_LAUNCH_PROCESS_OUTPUT", output)
        self.output = output if isinstance(output, dict) else normalize_to_list_of_substitutions(output)
        self._output_format = output_format
        self._cache: dict[int, bytearray] | None = {STDOUT: bytearray(), STDERR: bytearray()} if cached_output else None
        self._log_cmd = log_cmd
        self._on_exit = on_exit
        self._respawn = normalize_typed_substitution(respawn, bool)
        self._respawn_delay = respawn_delay or 0.0
        self._respawn_max_retries = respawn_max_retries

        self._child: ChildProcess | None = None
        self._run_task: asyncio.Task | None = None
        self._end_task: asyncio.Task | None = None
        self._shutdown_requested = asyncio.Event()
        self._send_sigint = True
        self.process_details: dict[str, Any] | None = None

    @property
    def name(self) -> Any:
        """The process's unique name; before it is known, the substitutions that make it up."""
        return self.process_description.final_name or self.process_description.name

    @property
    def cmd(self) -> Any:
        """The command; before it is known, the substitutions that make it up."""
        return self.process_description.final_cmd or self.process_description.cmd

    @property
    def cwd(self) -> Any:
        """The working folder; before it is known, the substitutions that make it up."""
        return self.process_description.final_cwd or self.process_description.cwd

    @property
    def env(self) -> Any:
        """The environment; before it is known, the substitutions that make it up."""
        return self.process_description.final_env or self.process_description.env

    @property
    def additional_env(self) -> Any:
        """The variables on top of the environment, as substitutions."""
        return self.process_description.additional_env

    @property
    def return_code(self) -> int | None:
        """What the process returned; None while it has not ended."""
        return None if self._child is None else self._child.returncode

    def get_sub_entities(self) -> list[LaunchDescriptionEntity]:
        """Lists the entities that follow the process's end, where they are known."""
        return self._on_exit if isinstance(self._on_exit, list) else []

    def get_asyncio_future(self) -> asyncio.Future | None:
        """Returns a future that is done when the process has ended and is not started anew."""
        return self._run_task

    def get_stdout(self) -> str:
        """Returns what the process has written to standard output; needs `cached_output`."""
        return self._cached(STDOUT)

    def get_stderr(self) -> str:
        """Returns what the process has written to standard error; needs `cached_output`."""
        return self._cached(STDERR)

    def _cached(self, fd: int) -> str:
        if self._cache is None:
            raise RuntimeError(f"cached output must be true to be able to get the output of '{self.name}'")
        return self._cache[fd].decode(errors="replace")

    def prepare(self, context: LaunchContext) -> None:
        """Performs the substitutions."""
        self.process_description.prepare(context, self)
        self.process_details = {
            "action": self,
            "name": self.process_description.final_name,
            "cmd": self.process_description.final_cmd,
            "cwd": self.process_description.final_cwd,
            "env": self.process_description.final_env,
        }
        self._respawn = perform_typed_substitution(context, self._respawn, bool)
        self._timeouts_s = [
            float(perform_substitutions(context, timeout)) for timeout in (self.sigterm_timeout, self.sigkill_timeout)
        ]
        if "emulate_tty" in context.launch_configurations:
            override = normalize_to_list_of_substitutions(context.launch_configurations["emulate_tty"])
            self.emulate_tty = evaluate_condition_expression(context, override)

    def execute(self, context: LaunchContext) -> list[LaunchDescriptionEntity] | None:
        """Starts the process.

        Raises:
            RuntimeError: the action is executed a second time.
        """
        if self._run_task is not None:
            raise RuntimeError(f"ExecuteProcess action '{self.name}': executed more than once: {self.describe()}")
        self.prepare(context)
        if context.is_shutdown:
            return None
        name = str(self.process_description.final_name)
        output = self.output if isinstance(self.output, dict) else perform_substitutions(context, self.output)
        self._logger = logging.get_logger(name)
        self._output_loggers = dict(zip((STDOUT, STDERR), logging.get_output_loggers(name, output)))
        self._pending = {STDOUT: b"", STDERR: b""}
        self._register_handlers(context)
        self._run_task = asyncio.ensure_future(self._run(context))
        return None

    def _register_handlers(self, context: LaunchContext) -> None:
        def when(event_class: type[ProcessTargetedEvent], react: Callable[[Any], None]) -> EventHandler:
            return EventHandler(
                matcher=lambda event: isinstance(event, event_class) and event.process_matcher(self),
                entities=OpaqueFunction(function=lambda context: react(context.locals.event)),
            )

        def on_shutdown(event: Shutdown, context: LaunchContext) -> None:
            self._shut_down(send_sigint=not event.due_to_sigint or context.noninteractive)

        context.register_event_handler(when(ShutdownProcess, lambda event: self._shut_down(send_sigint=True)))
        context.register_event_handler(when(SignalProcess, lambda event: self._signal(event.signal_name)))
        context.register_event_handler(OnShutdown(on_shutdown=on_shutdown))
        if self._on_exit is not None:
            context.register_event_handler(OnProcessExit(target_action=self, on_exit=self._on_exit))

    async def _run(self, context: LaunchContext) -> None:
        starts = 0
        while not self._shutdown_requested.is_set():
            if not await self._run_once(context):
                return
            starts += 1
            if not self._respawn or context.is_shutdown or 0 <= self._respawn_max_retries < starts:
                return
            try:
                await asyncio.wait_for(self._shutdown_requested.wait(), timeout=self._respawn_delay)
            except asyncio.TimeoutError:
                continue

    async def _run_once(self, context: LaunchContext) -> bool:
        details = self.process_details
        assert details is not None
        if self._log_cmd:
            self._logger.info(f"process details: cmd='{' '.join(details['cmd'])}', cwd='{details['cwd']}'")
        try:
            child = await start_child(
                details["cmd"],
                cwd=details["cwd"],
                env=details["env"],
                shell=self.shell,
                emulate_tty=self.emulate_tty,
                on_start=lambda pid: self._on_start(context, pid),
                on_output=lambda fd, data: self._on_output(context, fd, data),
            )
        except OSError as error:
            self._logger.error(f"process cannot be started: {error} (cmd '{' '.join(details['cmd'])}')")
            return False
        self._child = child
        if self._shutdown_requested.is_set():
            self._begin_to_end()
        await child.wait()
        await child.drain()
        assert child.returncode is not None
        self._flush_output()
        if child.returncode == 0:
            self._logger.info(f"process has finished cleanly [pid {child.pid}]")
        else:
            cmd = " ".join(part for part in details["cmd"] if part.strip())
            self._logger.error(f"process has died [pid {child.pid}, exit code {child.returncode}, cmd '{cmd}'].")
        context.emit_event_sync(ProcessExited(returncode=child.returncode, **details))
        return True

    def _shut_down(self, *, send_sigint: bool) -> None:
        if self._shutdown_requested.is_set():
            return
        self._shutdown_requested.set()
        self._send_sigint = send_sigint
        if self._child is not None and not self._child.has_exited:
            self._begin_to_end()

    def _begin_to_end(self) -> None:
        self._end_task = asyncio.ensure_future(self._end())

    async def _end(self) -> None:
        assert self._child is not None
        waited_s = 0.0
        if self._send_sigint:
            self._signal("SIGINT")
        for sent, next_signal, timeout_s in zip(("SIGINT", "SIGTERM"), ("SIGTERM", "SIGKILL"), self._timeouts_s):
            waited_s += timeout_s
            if await self._child.wait(timeout_s):
                return
            self._logger.error(
                f"process[{self.name}] failed to terminate '{waited_s:g}' seconds after receiving '{sent}', "
                f"escalating to '{next_signal}'"
            )
            self._signal(next_signal)

    def _signal(self, signal_name: str) -> None:
        if self._child is None or self._child.has_exited:
            self._logger.debug(f"signal '{signal_name}' not sent to '{self.name}' because it does not run")
            return
        self._logger.info(f"sending signal '{signal_name}' to process[{self.name}]")
        self._child.send_signal(signal.Signals[signal_name])

    def _on_start(self, context: LaunchContext, pid: int) -> None:
        assert self.process_details is not None
        self.process_details["pid"] = pid
        self._logger.info(f"process started with pid [{pid}]")
        context.emit_event_sync(ProcessStarted(**self.process_details))

    def _on_output(self, context: LaunchContext, fd: int, data: bytes) -> None:
        assert self.process_details is not None
        if self._cache is not None:
            self._cache[fd] += data
        event_class = ProcessStdout if fd == STDOUT else ProcessStderr
        context.emit_event_sync(event_class(text=data, **self.process_details))
        *lines, self._pending[fd] = (self._pending[fd] + data).split(b"\n")
        for line in lines:
            self._log_line(fd, line)

    def _flush_output(self) -> None:
        for fd, rest in self._pending.items():
            if rest:
                self._log_line(fd, rest)
            self._pending[fd] = b""

    def _log_line(self, fd: int, line: bytes) -> None:
        text = self._output_format.format(line=line.decode(errors="replace"), this=self)
        self._output_loggers[fd].info("%s", text)
