"""Logging of launch itself and of the output of the processes it starts.

Everything goes to the screen (standard output) and to `launch.log` in a folder made anew for each run below
`$ROS_LOG_DIR`, else `$ROS_HOME/log`, else `~/.ros/log`.
"""

from __future__ import annotations

import contextlib
import datetime
import logging
import os
import socket
import sys
from logging import handlers as _handlers
from pathlib import Path
from typing import TextIO

from .._overlay import seal

__all__ = ["get_logger", "get_output_loggers", "launch_config", "log_launch_config", "reset"]

__getattr__ = seal(__name__)

DEFAULT_FORMATS = {
    "default": "[{levelname}] [{name}]: {msg}",
    "default_with_timestamp": "{created:.7f} [{levelname}] [{name}]: {msg}",
}
OUTPUT_ALIASES: dict[str, dict[str, set[str]]] = {
    "screen": {"both": {"screen"}},
    "log": {"both": {"log"}, "stderr": {"screen"}},
    "both": {"both": {"log", "screen"}},
    "own_log": {"both": {"own_log"}, "stdout": {"own_log"}, "stderr": {"own_log"}},
    "full": {"both": {"screen", "log", "own_log"}, "stdout": {"own_log"}, "stderr": {"own_log"}},
}


class _Formatter(logging.Formatter):
    """Formats launch's own records in one style and lines of process output in another."""

    def __init__(self, style: str, output_style: str) -> None:
        super().__init__(style, style="{")
        self._output = logging.Formatter(output_style, style="{")

    def format(self, record: logging.LogRecord) -> str:
        """Formats the record, by whether it is a line of process output."""
        record.msg, record.args = record.getMessage(), None
        if isinstance(logging.getLogger(record.name), _OutputLogger):
            return self._output.format(record)
        return super().format(record)


class _OutputLogger(logging.Logger):
    """The logger of a process's output; a class of its own so that formatters know it."""


class _ScreenHandler(logging.StreamHandler):
    """Writes to whatever `sys.stdout` is at the time."""

    @property
    def stream(self) -> TextIO:
        """The present standard output."""
        return sys.stdout

    @stream.setter
    def stream(self, value: TextIO) -> None:
        """Ignores the stream that the base class sets."""


def _format(name: str, alias_or_format: str) -> str:
    override = os.environ.get(name)
    if override:
        return override.encode("latin1").decode("unicode_escape")
    return DEFAULT_FORMATS.get(alias_or_format, alias_or_format)


def _make_log_folder() -> str:
    home = os.environ.get("ROS_HOME") or str(Path("~", ".ros"))
    base = Path(os.environ.get("ROS_LOG_DIR") or str(Path(home, "log"))).expanduser()
    stamp = datetime.datetime.now().strftime("%Y-%m-%d-%H-%M-%S-%f")
    folder = base / f"{stamp}-{socket.gethostname()}-{os.getpid()}"
    folder.mkdir(parents=True)
    latest = base / "latest"
    with contextlib.suppress(OSError):  # the link is a convenience, and two launches may race for it
        if latest.is_symlink():
            latest.unlink()
        latest.symlink_to(folder, target_is_directory=True)
    return str(folder)


class LaunchConfig:
    """Where and how launch logs."""

    def __init__(self) -> None:
        self._log_dir: str | None = None
        self._screen_handler: logging.Handler | None = None
        self._file_handlers: dict[str, logging.Handler] = {}
        self.loggers: set[logging.Logger] = set()
        self.level = logging.INFO
        self.set_screen_format("default")
        self.set_log_format("default_with_timestamp")

    @property
    def level(self) -> int:
        """The least severe level that is logged."""
        return self._level

    @level.setter
    def level(self, level: int | str) -> None:
        self._level = logging._checkLevel(level)  # type: ignore[attr-defined]
        for logger in self.loggers:
            logger.setLevel(self._level)

    @property
    def log_dir(self) -> str:
        """The folder of this run's log files, made when first asked for."""
        if self._log_dir is None:
            self._log_dir = _make_log_folder()
        return self._log_dir

    @log_dir.setter
    def log_dir(self, folder: str) -> None:
        if not Path(folder).is_dir():
            raise ValueError(f"{folder} is not a directory")
        self._log_dir = folder

    def set_screen_format(self, screen_format: str) -> None:
        """Sets the format of launch's lines on the screen: an alias or a `{`-style format."""
        self._screen_formatter = _Formatter(_format("OVERRIDE_LAUNCH_SCREEN_FORMAT", screen_format), "{msg}")
        if self._screen_handler is not None:
            self._screen_handler.setFormatter(self._screen_formatter)

    def set_log_format(self, log_format: str) -> None:
        """Sets the format of launch's lines in log files: an alias or a `{`-style format."""
        self._file_formatter = _Formatter(_format("OVERRIDE_LAUNCH_LOG_FORMAT", log_format), "{created:.7f} {msg}")

    def get_screen_handler(self) -> logging.Handler:
        """Returns the one handler that writes to the screen."""
        if self._screen_handler is None:
            self._screen_handler = _ScreenHandler()
            self._screen_handler.setFormatter(self._screen_formatter)
        return self._screen_handler

    def get_log_file_path(self, file_name: str = "launch.log") -> str:
        """Returns the path of a log file of this run."""
        return str(Path(self.log_dir, file_name))

    def get_log_file_handler(self, file_name: str = "launch.log") -> logging.Handler:
        """Returns the one handler that writes to a log file of this run; a process's own file holds its lines alone."""
        if file_name not in self._file_handlers:
            handler = _handlers.WatchedFileHandler(self.get_log_file_path(file_name), encoding="utf-8", delay=True)
            own = logging.Formatter("%(message)s")
            handler.setFormatter(self._file_formatter if file_name == "launch.log" else own)
            self._file_handlers[file_name] = handler
        return self._file_handlers[file_name]

    def _close(self) -> None:
        for logger in self.loggers:
            logger.handlers.clear()
        for handler in self._file_handlers.values():
            handler.close()


launch_config = LaunchConfig()


def _attach(logger: logging.Logger, *wanted: logging.Handler) -> logging.Logger:
    for handler in wanted:
        if handler not in logger.handlers:
            logger.addHandler(handler)
    logger.propagate = False
    logger.setLevel(launch_config.level)
    launch_config.loggers.add(logger)
    return logger


def get_logger(name: str | None = None) -> logging.Logger:
    """Returns the logger of that name, writing to the screen and to `launch.log`."""
    return _attach(
        logging.getLogger(name or "launch"), launch_config.get_screen_handler(), launch_config.get_log_file_handler()
    )


def log_launch_config(*, logger: logging.Logger) -> None:
    """Logs where the log files lie and what is logged."""
    logger.info(f"All log files can be found below {launch_config.log_dir}")
    logger.info(f"Default logging verbosity is set to {logging.getLevelName(launch_config.level)}")


def _normalize_output(config: str | dict) -> dict[str, set[str]]:
    if isinstance(config, str):
        if config not in OUTPUT_ALIASES:
            raise ValueError(f'{config} is not a valid standard output config i.e. "screen", "log" or "both"')
        config = OUTPUT_ALIASES[config]
    normal: dict[str, set[str]] = {"both": set(), "stdout": set(), "stderr": set()}
    for source, destinations in config.items():
        if source not in normal:
            raise ValueError(f'{source} is not a valid output source i.e. "stdout", "stderr" or "both"')
        normal[source] = {destinations} if isinstance(destinations, str) else set(destinations)
        for destination in normal[source] - {"screen", "log", "own_log"}:
            raise ValueError(f'{destination} is not a valid output destination i.e. "screen", "log" or "own_log"')
    return normal


def _output_logger(process_name: str, source: str, destinations: dict[str, set[str]]) -> logging.Logger:
    chosen = destinations["both"] | destinations[source]
    handlers = []
    if "screen" in chosen:
        handlers.append(launch_config.get_screen_handler())
    if "log" in chosen:
        handlers.append(launch_config.get_log_file_handler())
    if "own_log" in destinations[source]:
        handlers.append(launch_config.get_log_file_handler(f"{process_name}-{source}.log"))
    if "own_log" in destinations["both"]:
        handlers.append(launch_config.get_log_file_handler(f"{process_name}.log"))
    logging.setLoggerClass(_OutputLogger)
    try:
        return _attach(logging.getLogger(f"{process_name}-{source}"), *handlers)
    finally:
        logging.setLoggerClass(logging.Logger)


def get_output_loggers(process_name: str, output_config: str | dict) -> tuple[logging.Logger, logging.Logger]:
    """Returns the loggers of a process's standard output and standard error.

    Args:
        process_name: the process's unique name.
        output_config: "screen", "log", "both", "own_log", "full", or a dict from "stdout", "stderr", "both"
            to one or more of "screen", "log", "own_log".

    Raises:
        ValueError: the configuration names something else.
    """
    destinations = _normalize_output(output_config)
    return tuple(_output_logger(process_name, source, destinations) for source in ("stdout", "stderr"))  # type: ignore


def reset() -> None:
    """Forgets every handler and the log folder."""
    launch_config._close()
    launch_config.__init__()  # type: ignore[misc]
