"""From logits to probabilities and to yes or no: what is chosen on validation views, and kept beside the weights.

Balanced training makes a network say yes too often. A factor and a bias on its logits, fitted where every voxel counts
once, give probabilities; the threshold is that of the best mean IoU. Relations differ: "behind" is true of a whole
shadow, of which no voxel is sure, "left of" of one thing, so that each is read by its own. And what is described has a
place: what is hardly below an answer's highest logit means yes, even where nothing is above the threshold.
Source: Platt scaling; the rest is ours.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ago_ros.scene_query.semabs.files import SemAbsFileError

DECISION_FILE = "decision.json"
LOGITS = tuple(step / 4 for step in range(-56, 57))
"""Thresholds that are tried: a cosine over a temperature of 0.07 reaches 14.3."""
MARGINS = (None, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
"""Margins that are tried for descriptions; see `Decision`."""
JUDGED_TOGETHER = {"right of": "left of"}
"""What is the mirror image of another relation; one decision is chosen by the answers of both."""
LEAST_ANSWERS = 10
"""A relation with fewer answers on the validation views has no decision of its own."""


@dataclass(frozen=True)
class Decision:
    """How one kind of logits is read.

    Attributes:
        threshold: logits above it mean yes.
        scale: factor that makes probabilities of logits, with `bias`.
        bias: added to the scaled logits.
        margin: logits less than this below the highest of their answer mean yes, too; None: only those above the
            threshold do.
    """

    threshold: float
    scale: float
    bias: float
    margin: float | None = None

    def __post_init__(self) -> None:
        """Refuses a factor that would turn the order around, and a margin that says nothing."""
        if not self.scale > 0:
            raise ValueError(f"scale must be positive, got {self.scale}")
        if self.margin is not None and not self.margin > 0:
            raise ValueError(f"margin must be positive, got {self.margin}")

    def accept(self, logits: Tensor) -> Tensor:
        """Returns (Q,) bool, where the (Q,) logits of one answer mean yes."""
        return lift_peak(logits, self.margin) > self.threshold

    def probability(self, logits: Tensor) -> Tensor:
        """Returns the probabilities of logits."""
        return torch.sigmoid(self.scale * logits + self.bias)


@dataclass(frozen=True)
class Reading:
    """What belongs to trained weights.

    Attributes:
        method: one of `baselines.METHODS`.
        drawn_with: model and settings that its relevancy was read with.
        decisions: by task, "complete" and "locate", and by relation those that were chosen for one alone.
        trained: steps, seed, and whatever else identifies the training.
    """

    method: str
    drawn_with: dict[str, Any]
    decisions: dict[str, Decision]
    trained: dict[str, Any] = field(default_factory=dict)

    def decision(self, relation: str | None) -> Decision:
        """Returns how the answers of a relation are read; of completions for "" or None.

        A relation without a decision of its own is read as all relations together are.
        """
        return self.decisions.get(relation, self.decisions["locate"]) if relation else self.decisions["complete"]


def save_reading(folder: Path, reading: Reading) -> None:
    """Writes it beside the weights."""
    (folder / DECISION_FILE).write_text(json.dumps(asdict(reading), indent=2) + "\n")


def load_reading(folder: Path) -> Reading:
    """Reads what `save_reading` wrote.

    Raises:
        SemAbsFileError: the file is missing or damaged.
    """
    path = folder / DECISION_FILE
    if not path.is_file():
        raise SemAbsFileError(f"{folder}: has no {DECISION_FILE}; give a folder that `ago train scene-query` finished")
    try:
        content = json.loads(path.read_text())
        content["decisions"] = {task: Decision(**each) for task, each in content["decisions"].items()}
        return Reading(**content)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise SemAbsFileError(f"{path}: damaged ({' '.join(str(error).split())}); train again") from error


class IouCounter:
    """Counts the overlap of logits with truth at every threshold, answer by answer.

    Args:
        thresholds: on logits.
    """

    def __init__(self, thresholds: tuple[float, ...] = LOGITS) -> None:
        self.thresholds = thresholds
        self._ious: list[Tensor] = []

    def add(self, logits: Tensor, truth: Tensor) -> Tensor:
        """Counts one answer.

        Args:
            logits: (Q,); NaN and -inf are never above a threshold.
            truth: (Q,) bool with at least one voxel.

        Returns:
            (T,) float64 IoU at each threshold.
        """
        edges = torch.tensor(self.thresholds, dtype=torch.float64)
        values = torch.where(torch.isnan(logits), -torch.inf, logits).to(torch.float64)
        bins = torch.bucketize(values, edges)
        found = _above(torch.bincount(bins, minlength=len(edges) + 1))
        both = _above(torch.bincount(bins[truth], minlength=len(edges) + 1))
        iou = both / (found + truth.sum() - both)
        self._ious.append(iou)
        return iou

    def means(self) -> Tensor:
        """Returns the (T,) mean IoU; zero where nothing was counted."""
        return torch.stack(self._ious).mean(dim=0) if self._ious else torch.zeros(len(self.thresholds))

    def best(self) -> tuple[float, float]:
        """Returns the threshold of the highest mean IoU, and that IoU."""
        means = self.means()
        index = int(means.argmax())
        return self.thresholds[index], float(means[index])


def _above(counts: Tensor) -> Tensor:
    """Turns counts by bin, the last above all thresholds, into (T,) float64 counts above each threshold."""
    return counts.flip(0).cumsum(0).flip(0)[1:].to(torch.float64)


def lift_peak(logits: Tensor, margin: float | None) -> Tensor:
    """Puts +inf for those of (Q,) logits that are less than a margin below the highest; None leaves all as they are."""
    return logits if margin is None else torch.where(logits > logits.max() - margin, torch.inf, logits)


class LogitHistogram:
    """Counts logits with and without truth in fine bins, so that any number of voxels can be calibrated on.

    Args:
        limit: logits beyond it fall into the outermost bins.
        bins: how many.
    """

    def __init__(self, limit: float = 30.0, bins: int = 1200) -> None:
        self._limit = limit
        self._counts = torch.zeros(2, bins, dtype=torch.float64)

    def add(self, logits: Tensor, truth: Tensor) -> None:
        """Counts (Q,) logits with (Q,) bool truth; those that are not finite are left out."""
        finite = torch.isfinite(logits)
        bins = self._counts.shape[1]
        place = ((logits[finite].double() / self._limit + 1) / 2 * bins).long().clamp(0, bins - 1)
        for row, chosen in enumerate((~truth[finite], truth[finite])):
            self._counts[row] += torch.bincount(place[chosen], minlength=bins)

    def fit(self) -> tuple[float, float]:
        """Returns the factor and the bias of the smallest log loss.

        Raises:
            ValueError: there was nothing true, or nothing false, to fit to.
        """
        if not bool((self._counts.sum(dim=1) > 0).all()):
            raise ValueError("the validation views have no answer to calibrate on: draw more of them")
        bins = self._counts.shape[1]
        logits = ((torch.arange(bins, dtype=torch.float64) + 0.5) / bins * 2 - 1) * self._limit
        log_scale = torch.zeros((), dtype=torch.float64, requires_grad=True)
        bias = torch.zeros((), dtype=torch.float64, requires_grad=True)
        solver = torch.optim.LBFGS([log_scale, bias], lr=0.5, max_iter=300, line_search_fn="strong_wolfe")
        shares = self._counts / self._counts.sum()

        def closure() -> Tensor:
            solver.zero_grad()
            scaled = log_scale.exp() * logits + bias
            losses = torch.stack([torch.nn.functional.softplus(scaled), torch.nn.functional.softplus(-scaled)])
            loss = (shares * losses).sum()
            loss.backward()
            return loss

        solver.step(closure)
        return float(log_scale.detach().exp()), float(bias.detach())


class DecisionChooser:
    """Chooses a decision by answers with truth.

    Args:
        margins: that are tried; see `MARGINS`.
    """

    def __init__(self, margins: Sequence[float | None] = (None,)) -> None:
        self._counters = {margin: IouCounter() for margin in margins}
        self._histogram = LogitHistogram()
        self._answers = 0

    def __len__(self) -> int:
        return self._answers

    def add(self, logits: Tensor, settled: Tensor, truth: Tensor) -> None:
        """Takes one answer.

        Args:
            logits: (Q,); calibrated on.
            settled: (Q,), the logits as they are held against the threshold; see `seen_view.settle`.
            truth: (Q,) bool with at least one voxel.
        """
        for margin, counter in self._counters.items():
            counter.add(lift_peak(settled, margin), truth)
        self._histogram.add(logits, truth)
        self._answers += 1

    def choose(self) -> Decision:
        """Returns the decision of the highest mean IoU, with the calibration of the smallest log loss.

        Raises:
            ValueError: there was nothing true, or nothing false, to fit to.
        """
        best = {margin: counter.best() for margin, counter in self._counters.items()}
        margin = max(best, key=lambda each: best[each][1])
        return Decision(best[margin][0], *self._histogram.fit(), margin)


def pool_voxels(voxels: Tensor, resolution: int) -> Tensor:
    """Makes (X, Y, Z) bool coarser: a voxel holds what any of its parts holds.

    Args:
        voxels: any shape that the parts go into.
        resolution: voxels along x of the result; divides X. The parts are cubes.

    Raises:
        ValueError: it does not, or the parts do not go into Y and Z.
    """
    part = voxels.shape[0] // resolution
    if not part or part * resolution != voxels.shape[0] or any(count % part for count in voxels.shape):
        raise ValueError(f"voxels of shape {tuple(voxels.shape)} cannot be pooled to {resolution} along x")
    x, y, z = (count // part for count in voxels.shape)
    return voxels.view(x, part, y, part, z, part).any(dim=5).any(dim=3).any(dim=1)
