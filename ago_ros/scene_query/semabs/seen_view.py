"""Query views as networks see them, and their answers on the voxels that are scored.

A network has no metres of its own: what is seen of a view, and what is asked of it, is divided by the view's scale,
here and nowhere else, so that a street of 40 m lies in its grid as a room of 2 m does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ago_ros.datasets.query_views.store import DEPTH_STEP_M, Ask, PointSight, QueryView, unpack
from ago_ros.geometry.camera import PinholeCamera
from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.scene_query.query import Query
from ago_ros.scene_query.semabs.baselines import Method, SemAware
from ago_ros.scene_query.semabs.decision import pool_voxels
from ago_ros.scene_query.semabs.feeding import Asked, SeenScene, encode_scenes, read_answers
from ago_ros.scene_query.semabs.free_space import FreeSpace
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
    """Gives what a view shows as points, in the frame of the networks.

    Args:
        view: the view.
        kind: of maps; "multi" or "single".
    """
    maps, sight = torch.from_numpy(view.maps[kind]).to(torch.float32), view.sight
    if isinstance(sight, PointSight):
        points, relevancy = torch.from_numpy(sight.points), maps
        colours = torch.from_numpy(sight.colours).to(torch.float32) / 255
    else:
        height, width = sight.depth.shape
        camera = PinholeCamera(torch.from_numpy(sight.intrinsics), width, height)
        depth = torch.from_numpy(sight.depth.astype("float32")) * DEPTH_STEP_M
        lifted = from_depth(RelevancyView(maps, camera, torch.from_numpy(sight.grid_from_camera)), depth)
        points, relevancy = lifted.points, lifted.relevancy
        colours = torch.from_numpy(sight.colours)[depth > 0].to(torch.float32) / 255
    free = None
    if view.free is not None:
        scaled = torch.diag(torch.tensor([view.scale] * 3 + [1.0], dtype=torch.float64))
        free = FreeSpace(torch.from_numpy(unpack(view.free, view.grid.shape)), view.grid, scaled)
    return SeenScene(points / view.scale, relevancy, view.phrases, colours, free)


def coarse_grid(grid: VoxelGrid, resolution: int) -> VoxelGrid:
    """Returns the grid of the same bounds with another number of voxels along x.

    Args:
        grid: with voxels that can be put together to that number.
        resolution: voxels along x; divides the grid's number.
    """
    part = grid.shape[0] // resolution
    x, y, z = (count // part for count in grid.shape)
    return VoxelGrid(grid.origin, grid.voxel_size * part, (x, y, z))


def asked_grid(view: QueryView, resolution: int) -> VoxelGrid:
    """Returns the voxels that a view's answers are learnt and scored on, in the frame of the networks."""
    grid = coarse_grid(view.grid, resolution)
    x, y, z = (edge / view.scale for edge in grid.origin)
    return VoxelGrid((x, y, z), grid.voxel_size / view.scale, grid.shape)


def truth_of(view: QueryView, number: int, resolution: int) -> Tensor:
    """Returns a voxel set of a view as (R, Y, Z) bool, on `asked_grid`."""
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
        resolution: voxels along x.
        texts: as `read_answers` takes them.

    Returns:
        (R * Y * Z,) logits of each, on the CPU.
    """
    if not asks:
        return []
    asked: list[Asked] = [(0, query_of(ask)) for ask in asks]
    encoded = encode_scenes(network, method, [see(view, maps_kind(method))], asked)
    points = asked_grid(view, resolution).centers().reshape(-1, 3)
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
