"""Query views as networks see them, and their answers on the voxels that are scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ago_ros.datasets.query_views.store import DEPTH_STEP_M, Ask, QueryView
from ago_ros.geometry.camera import PinholeCamera
from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.scene_query.query import Query
from ago_ros.scene_query.semabs.baselines import Method, SemAware
from ago_ros.scene_query.semabs.decision import pool_voxels
from ago_ros.scene_query.semabs.feeding import Asked, SeenScene, encode_scenes, read_answers
from ago_ros.scene_query.semabs.network import SemAbs
from ago_ros.scene_query.semabs.points import RelevancyView, from_depth

COMPLETE, LOCATE = TASKS = ("complete", "locate")


def maps_kind(method: Method) -> str:
    """Returns which maps a method is fed: "multi" or "single" scale."""
    return "multi" if method.multi_scale else "single"


def tasks_of(method: Method) -> tuple[str, ...]:
    """Returns what a method is for: one that is fed whole descriptions locates only."""
    return (LOCATE,) if method.whole_description else TASKS


def task_of(ask: Ask) -> str:
    """Returns the task of a question."""
    return LOCATE if ask.relation else COMPLETE


def query_of(ask: Ask) -> Query:
    """Returns a question as a query."""
    return Query(ask.target, ask.relation or None, ask.reference or None)


def see(view: QueryView, kind: str) -> SeenScene:
    """Lifts a view's pixels and maps into points.

    Args:
        view: the view.
        kind: of maps; "multi" or "single".
    """
    height, width = view.depth.shape
    camera = PinholeCamera(torch.from_numpy(view.intrinsics), width, height)
    maps = torch.from_numpy(view.maps[kind]).to(torch.float32)
    lifted = RelevancyView(maps, camera, torch.from_numpy(view.grid_from_camera))
    depth = torch.from_numpy(view.depth.astype("float32")) * DEPTH_STEP_M
    points = from_depth(lifted, depth)
    colours = torch.from_numpy(view.colours)[depth > 0].to(torch.float32) / 255
    return SeenScene(points.points, points.relevancy, view.phrases, colours)


def coarse_grid(grid: VoxelGrid, resolution: int) -> VoxelGrid:
    """Returns the grid of the same cube with another number of voxels a side."""
    return VoxelGrid(grid.origin, grid.voxel_size * grid.shape[0] / resolution, (resolution, resolution, resolution))


def truth_of(view: QueryView, number: int, resolution: int) -> Tensor:
    """Returns a voxel set of a view as (R, R, R) bool."""
    return pool_voxels(torch.from_numpy(view.voxels(number)), resolution)


@torch.no_grad()
def answer_view(
    network: SemAbs | SemAware,
    method: Method,
    view: QueryView,
    asks: Sequence[Ask],
    resolution: int,
    texts: Mapping[str, Tensor] | None = None,
) -> list[Tensor]:
    """Answers questions about a view at the centres of voxels.

    Args:
        network: of the method, in evaluation mode.
        method: how it is fed.
        view: what is seen.
        asks: what is asked, all of the method's tasks.
        resolution: voxels a side.
        texts: as `read_answers` takes them.

    Returns:
        (R * R * R,) logits of each, on the CPU.
    """
    if not asks:
        return []
    asked: list[Asked] = [(0, query_of(ask)) for ask in asks]
    encoded = encode_scenes(network, method, [see(view, maps_kind(method))], asked)
    points = coarse_grid(view.grid, resolution).centers().reshape(-1, 3)
    return [read_answers(network, method, encoded, [one], points, texts)[0].cpu() for one in asked]


def settle(asks: Sequence[Ask], logits: Sequence[Tensor]) -> list[Tensor]:
    """Leaves each voxel to the completed class that has the highest logit there; the other classes get -inf.

    Source: SemAbs section 3.3. Descriptions are left as they are.

    Args:
        asks: of one view.
        logits: (Q,) of each.
    """
    completed = [logit for ask, logit in zip(asks, logits, strict=True) if not ask.relation]
    if not completed:
        return list(logits)
    best = torch.stack(completed).amax(dim=0)
    return [
        logit if ask.relation else torch.where(logit < best, -torch.inf, logit)
        for ask, logit in zip(asks, logits, strict=True)
    ]
