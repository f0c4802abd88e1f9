"""What a training writes down: lines of JSON for programs, TensorBoard's events for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

LOG, EVENTS = "log.jsonl", "tensorboard"


class RunLog:
    """The log of one training; what an interrupted run wrote after its last checkpoint is taken back.

    Args:
        folder: gets `log.jsonl`, and TensorBoard's events in `tensorboard/`.
        first: step from which the training goes on; rows of this step and later ones are dropped.
    """

    def __init__(self, folder: Path, first: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / LOG
        if self._path.is_file():
            self._path.write_text("".join(_rows_before(first, self._path.read_text())))
        self._writer = SummaryWriter(str(folder / EVENTS), purge_step=first)

    def write(self, step: int, numbers: Mapping[str, float]) -> None:
        """Writes the numbers of a step, counted from 0."""
        with self._path.open("a") as file:
            file.write(json.dumps({"step": step, **{name: round(n, 5) for name, n in numbers.items()}}) + "\n")
        for name, number in numbers.items():
            self._writer.add_scalar(name, number, step)

    def __enter__(self) -> RunLog:
        """Opens nothing: the log is open."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Writes out what TensorBoard holds back."""
        self._writer.close()


def _rows_before(first: int, text: str) -> list[str]:
    """Keeps whole lines only: a power cut may leave half of one."""
    whole = [line for line in text.splitlines(keepends=True) if line.endswith("}\n")]
    return [line for line in whole if json.loads(line)["step"] < first]
