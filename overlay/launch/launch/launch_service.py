"""LaunchService: visits launch descriptions, processes events, and ends when nothing goes on any more."""

from __future__ import annotations

import asyncio
import collections.abc
import signal
import threading
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from . import logging
from .event import Event
from .event_handlers import OnIncludeLaunchDescription, OnShutdown
from .events import IncludeLaunchDescription, Shutdown
from .launch_context import LaunchContext
from .launch_description import LaunchDescription
from .launch_description_entity import LaunchDescriptionEntity

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)


class LaunchService:
    """Runs what launch descriptions describe.

    Args:
        argv: the launch file's arguments, kept in the context.
        noninteractive: no terminal stands behind it: on SIGINT it interrupts the processes itself.
        debug: logs debug messages and sets asyncio's debug mode.
    """

    def __init__(self, *, argv: Iterable[str] | None = None, noninteractive: bool = False, debug: bool = False) -> None:
        logging.launch_config.level = "DEBUG" if debug else "INFO"
        self._debug = debug
        self._logger = logging.get_logger("launch")
        self._lock = threading.RLock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._futures: list[asyncio.Future] = []
        self._shutting_down = False
        self._return_code = 0
        self.task: asyncio.Task | None = None
        self.context = LaunchContext(argv=argv, noninteractive=noninteractive)
        self.context.register_event_handler(OnIncludeLaunchDescription())
        self.context.register_event_handler(OnShutdown(on_shutdown=self._on_shutdown))

    @property
    def event_loop(self) -> asyncio.AbstractEventLoop | None:
        """The event loop, while the service runs."""
        return self._loop

    def include_launch_description(self, launch_description: LaunchDescription) -> None:
        """Has a launch description visited; may be called from any thread."""
        self.emit_event(IncludeLaunchDescription(launch_description))

    def emit_event(self, event: Event) -> None:
        """Queues an event; may be called from any thread, and before the service runs."""
        with self._lock:
            loop = self._loop
            if loop is None:
                self.context.emit_event_sync(event)
                return
        loop.call_soon_threadsafe(self.context.emit_event_sync, event)

    def shutdown(self, force_sync: bool = False) -> None:
        """Shuts down everything that goes on, so that the run ends; does nothing when the service does not run."""
        with self._lock:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._shut_down, "LaunchService.shutdown() called")

    def run(self, *, shutdown_when_idle: bool = True) -> int:
        """Runs until everything has ended.

        Args:
            shutdown_when_idle: ends when nothing goes on any more.

        Returns:
            0, or 1 when something failed in launch itself. What the processes return does not count.
        """
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            return loop.run_until_complete(self.run_async(shutdown_when_idle=shutdown_when_idle))
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
            asyncio.set_event_loop(None)
            loop.close()

    async def run_async(self, *, shutdown_when_idle: bool = True) -> int:
        """Runs until everything has ended, in the running event loop of the main thread; see `run`."""
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("LaunchService can only be run in the main thread.")
        with self._running(asyncio.get_running_loop()):
            logging.log_launch_config(logger=self._logger)
            while not (self._shutting_down and self._is_idle()):
                try:
                    self._raise_failures()
                    if shutdown_when_idle and not self._shutting_down and self._is_idle():
                        self._shut_down("idle")
                    await self._process_events_or_wait()
                except asyncio.CancelledError:
                    self._fail("run task was canceled")
                except Exception as error:
                    self._logger.debug(traceback.format_exc())
                    self._fail(f"Caught exception in launch (see debug for traceback): {error}")
        return self._return_code

    @contextmanager
    def _running(self, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
        with self._lock:
            if self._loop is not None:
                raise RuntimeError("LaunchService cannot be run multiple times concurrently.")
            self._loop = loop
        self.task = asyncio.current_task()
        self.context.asyncio_loop = loop
        self.context._event_arrived = asyncio.Event()
        self._return_code = 0
        loop.set_debug(self._debug)
        loop.set_exception_handler(self._on_loop_exception)
        previous = {number: signal.getsignal(number) for number in SIGNALS}
        for number in SIGNALS:
            loop.add_signal_handler(number, self._on_signal, number)
        try:
            yield
        finally:
            for number, handler in previous.items():
                loop.remove_signal_handler(number)
                signal.signal(number, handler)
            with self._lock:
                self._loop = None
            self.context.asyncio_loop = None
            self.context._event_arrived = None
            self._shutting_down = False

    def _is_idle(self) -> bool:
        self._futures = [future for future in self._futures if not _succeeded(future)]
        waiting = self.context._completion_futures
        waiting[:] = [future for future in waiting if not _succeeded(future)]
        return not (self._futures or waiting or self.context._events)

    def _raise_failures(self) -> None:
        for futures in (self._futures, self.context._completion_futures):
            for future in [future for future in futures if future.done() and not _succeeded(future)]:
                futures.remove(future)
                future.result()

    async def _process_events_or_wait(self) -> None:
        if self.context._events:
            self._process(self.context._events.popleft())
            await asyncio.sleep(0)
            return
        futures = [*self._futures, *self.context._completion_futures]
        if any(future.done() for future in futures) or (self._shutting_down and not futures):
            return
        assert self.context._event_arrived is not None
        self.context._event_arrived.clear()
        arrival = asyncio.ensure_future(self.context._event_arrived.wait())
        try:
            await asyncio.wait([arrival, *futures], return_when=asyncio.FIRST_COMPLETED)
        finally:
            arrival.cancel()

    def _process(self, event: Event) -> None:
        self._logger.debug(f"processing event: '{event.name}'")
        for handler in tuple(self.context._event_handlers):
            if not handler.matches(event):
                continue
            self.context._push_locals()
            try:
                entities = handler.handle(event, self.context)
                for entity in entities if isinstance(entities, collections.abc.Iterable) else [entities]:
                    if entity is not None:
                        self._visit(entity)
            finally:
                self.context._pop_locals()

    def _visit(self, entity: LaunchDescriptionEntity) -> None:
        if not isinstance(entity, LaunchDescriptionEntity):
            raise RuntimeError(f"expected a LaunchDescriptionEntity from event_handler, got '{entity}'")
        sub_entities = entity.visit(self.context)
        future = entity.get_asyncio_future()
        if future is not None:
            self._futures.append(future)
        for sub_entity in sub_entities or ():
            self._visit(sub_entity)

    def _shut_down(self, reason: str, due_to_sigint: bool = False) -> None:
        if not self._shutting_down:
            self.context.emit_event_sync(Shutdown(reason=reason, due_to_sigint=due_to_sigint))
        self._on_shutdown()

    def _on_shutdown(self, *_: object) -> None:
        self._shutting_down = True
        self.context.is_shutdown = True

    def _fail(self, message: str) -> None:
        self._return_code = 1
        self._logger.error(message)
        self._shut_down(message)

    def _on_signal(self, number: signal.Signals) -> None:
        if number == signal.SIGINT:
            again = " again, ignoring..." if self._shutting_down else ""
            self._logger.warning(f"user interrupted with ctrl-c (SIGINT){again}")
            self._shut_down("ctrl-c (SIGINT)", due_to_sigint=True)
        else:
            self._fail(f"terminated by {number.name}, shutting down")

    def _on_loop_exception(self, loop: asyncio.AbstractEventLoop, context: dict) -> None:
        self._return_code = 1
        loop.default_exception_handler(context)


def _succeeded(future: asyncio.Future) -> bool:
    return future.done() and (future.cancelled() or future.exception() is None)
