"""Scores completions of single RGB-D views against what the other views of the same recording saw.

The truth is what the other views' rays say of each voxel. It is of surfaces: what no view looked into is not counted.
Source: ours; SemAbs has no scores on recordings.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ago_ros.datasets.rgbd import RgbdView
from ago_ros.evaluation.benchmark import Result
from ago_ros.geometry import se3
from ago_ros.geometry.raycast import cast_rays
from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.scene.encoding import VoxelState

OCCUPIED_SHARE = 0.05
"""A voxel is occupied where at least this share of the rays that reach it end in it: single strays are no surface."""
DEPTH_SIDE = 240
"""Pixels of the shorter side of the depth that rays are cast for: some 5 mm apart at 1.5 m."""

PROTOCOL = (
    "RGB-D recording; one view is completed, all other views are fused by their rays; a voxel counts only where the "
    f"others observed it, and is occupied where at least {OCCUPIED_SHARE:.0%} of the rays that reach it end in it; "
    "missed: voxels that no ray of the single view reached; a completion adds voxels there and nowhere else; "
    "counts are summed over all views; in %"
)

NO_COMPLETION = "no completion"
Completer = Callable[[RgbdView, VoxelGrid, Tensor], Tensor]
"""Takes a view, the voxels, and the (X, Y, Z) uint8 state that the view's own rays give; returns (X, Y, Z) bool."""


def observe(views: Sequence[RgbdView], grid: VoxelGrid, map_from_grid: Tensor) -> Tensor:
    """Fuses the rays of views.

    Args:
        views: of one recording.
        grid: the voxels.
        map_from_grid: (4, 4) float64.

    Returns:
        (X, Y, Z) uint8 of VoxelState.
    """
    grid_from_map = se3.invert(map_from_grid)
    hits = torch.zeros(grid.shape, dtype=torch.int64)
    passes = torch.zeros_like(hits)
    for view in views:
        grid_from_camera = grid_from_map @ view.map_from_view @ view.view_from_camera
        ends = se3.transform_points(grid_from_camera, view.resized(DEPTH_SIDE, DEPTH_SIDE).points())
        counts = cast_rays(grid, grid_from_camera[:3, 3].expand_as(ends).contiguous(), ends)
        hits += counts.hits
        passes += counts.passes
    state = torch.where(hits + passes > 0, VoxelState.FREE, VoxelState.UNOBSERVED)
    state[(hits > 0) & (hits >= OCCUPIED_SHARE * (hits + passes))] = VoxelState.OCCUPIED
    return state.to(torch.uint8)


def everything(view: RgbdView, grid: VoxelGrid, state: Tensor) -> Tensor:
    """Adds all that was not seen: its precision is the share of missed voxels that are occupied."""
    return torch.ones_like(state, dtype=torch.bool)


def one_further(view: RgbdView, grid: VoxelGrid, state: Tensor) -> Tensor:
    """Adds the 26 neighbours of what is occupied."""
    occupied = (state == VoxelState.OCCUPIED).float()[None, None]
    return torch.nn.functional.max_pool3d(occupied, 3, stride=1, padding=1)[0, 0] > 0


def down_to_the_floor(view: RgbdView, grid: VoxelGrid, state: Tensor) -> Tensor:
    """Adds what lies below the highest occupied voxel of its column, down to the voxel of z = 0."""
    occupied = (state == VoxelState.OCCUPIED).int()
    below = occupied.flip(2).cumsum(dim=2).flip(2) > 0
    floor = math.floor(-grid.origin[2] / grid.voxel_size + 1e-9)
    below[:, :, : max(0, floor)] = False
    return below


RIVALS: Mapping[str, Completer] = {
    "everything unseen": everything,
    "one voxel further": one_further,
    "down to the floor": down_to_the_floor,
}
"""Completions without any learning."""


@dataclass
class Counts:
    """Voxels of one kind.

    Attributes:
        both: said to be occupied, and occupied.
        said: said to be occupied.
        true: occupied.
    """

    both: int = 0
    said: int = 0
    true: int = 0

    def add(self, said: Tensor, true: Tensor, where: Tensor) -> None:
        """Counts (X, Y, Z) bool voxels where `where` is true."""
        self.both += int((said & true & where).sum())
        self.said += int((said & where).sum())
        self.true += int((true & where).sum())

    def scores(self) -> dict[str, float | None]:
        """Returns recall, precision and IoU in %; None where there is nothing to divide by."""
        union = self.said + self.true - self.both
        return {
            "recall": _percent(self.both, self.true),
            "precision": _percent(self.both, self.said),
            "iou": _percent(self.both, union),
        }


@dataclass
class CompletionScores:
    """What one way of completing reached.

    Attributes:
        missed: over what the others observed and no ray of the single view reached.
        observed: over all that the others observed, what the single view saw included.
    """

    missed: Counts = field(default_factory=Counts)
    observed: Counts = field(default_factory=Counts)

    def add(self, added: Tensor, state: Tensor, truth: Tensor) -> None:
        """Counts a view.

        Args:
            added: (X, Y, Z) bool; what it says of voxels that the view's rays reached is left out.
            state: (X, Y, Z) uint8 of VoxelState, from the single view.
            truth: (X, Y, Z) uint8 of VoxelState, from the others.
        """
        unseen = state == VoxelState.UNOBSERVED
        said = (added & unseen) | (state == VoxelState.OCCUPIED)
        true, known = truth == VoxelState.OCCUPIED, truth != VoxelState.UNOBSERVED
        self.missed.add(said, true, known & unseen)
        self.observed.add(said, true, known)


def evaluate_completion(
    views: Sequence[RgbdView],
    grid: VoxelGrid,
    completers: Mapping[str, Completer],
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, CompletionScores]:
    """Scores ways of completing the views of a recording, each view by itself.

    Args:
        views: at least two.
        grid: the voxels, in each view's own frame.
        completers: by name; `NO_COMPLETION` comes on top.
        progress: told how many views are done, and how many there are.

    Raises:
        ValueError: there are fewer than two views.
    """
    if len(views) < 2:
        raise ValueError("one view has no other views to be held against: give at least two frames")
    scores = {name: CompletionScores() for name in (NO_COMPLETION, *completers)}
    for number, view in enumerate(views):
        state = observe([view], grid, view.map_from_view)
        truth = observe([*views[:number], *views[number + 1 :]], grid, view.map_from_view)
        scores[NO_COMPLETION].add(torch.zeros_like(state, dtype=torch.bool), state, truth)
        for name, complete in completers.items():
            scores[name].add(complete(view, grid, state), state, truth)
        if progress:
            progress(number + 1, len(views))
    return scores


def to_result(scores: Mapping[str, CompletionScores], title: str, figures: Mapping[str, Any]) -> Result:
    """Makes a table of scores.

    Args:
        scores: by way of completing.
        title: what was measured, on what.
        figures: settings, for the JSON file.
    """
    kinds = ("missed", "observed")
    numbers = {name: {kind: getattr(each, kind).scores() for kind in kinds} for name, each in scores.items()}
    rows = [(name, *(_shown(v) for kind in kinds for v in each[kind].values())) for name, each in numbers.items()]
    columns = ["", *(f"{kind}: {column}" for kind in kinds for column in ("recall", "precision", "IoU"))]
    known = scores[NO_COMPLETION]
    verdict = (
        f"{known.missed.true} of {known.observed.true} occupied voxels were missed by the single views; without "
        "completion none of them is found"
    )
    counts = {name: {kind: vars(getattr(each, kind)) for kind in kinds} for name, each in scores.items()}
    return Result("completion", title, columns, rows, verdict, {**figures, "scores": numbers, "voxels": counts})


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
