"""From the rays of several sweeps to occupied, free and unobserved voxels. The newest evidence wins. Source: ours.

- Where a ray of a sweep ended, the voxel was occupied then.
- Rays of a newer sweep that pass through it without ending there carve it: after `carve_passes` of them the older hit
  no longer counts, so that what has moved leaves no trail.
- A ray that meets a surface at a grazing angle crosses many voxels of that surface before it ends. On its last stretch,
  where it is within one voxel height of its own end, it therefore does not carve.
- Free is only what a ray has passed through; and never a voxel in which a ray of the newest sweep ended.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ago_ros.geometry import se3
from ago_ros.geometry.raycast import cast_rays
from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.occupancy.rays import Rays
from ago_ros.scene.encoding import VoxelState

_LONGEST_GRAZE = 10.0
"""A ray spares at most so many voxels' lengths before its end, or level rays would carve nothing."""


def fuse(grid: VoxelGrid, grid_from_map: Tensor, sweeps: Sequence[Rays], carve_passes: int, stride: int) -> Tensor:
    """Decides the state of every voxel.

    Args:
        grid: the voxels.
        grid_from_map: (4, 4) float64, to the frame that the grid lies in.
        sweeps: newest first; at least one.
        carve_passes: so many rays of newer sweeps overrule an older hit.
        stride: all returns of every sweep count, but only each stride-th ray frees and carves, except that all rays of
            the newest sweep free.

    Returns:
        (X, Y, Z) uint8 of VoxelState.
    """
    occupied = torch.zeros(grid.num_voxels, dtype=torch.bool)
    freed = torch.zeros(grid.num_voxels, dtype=torch.bool)
    carved = torch.zeros(grid.num_voxels, dtype=torch.int32)
    tails: list[tuple[Tensor, Tensor]] = []
    for age, sweep in enumerate(sweeps):
        origin = se3.transform_points(grid_from_map, sweep.origin[None])
        ends = se3.transform_points(grid_from_map, sweep.ends)
        hit = _voxels(grid, ends[sweep.returned])
        occupied[hit[carved[hit] < carve_passes]] = True
        thinned = ends[::stride]
        starts = origin.expand_as(thinned)
        turns = _graze_starts(grid, starts, thinned, sweep.returned[::stride])
        if age == 0:
            freed |= cast_rays(grid, origin.expand_as(ends), ends).passes.flatten() > 0
        else:
            tails.append((turns, thinned))
        if age + 1 < len(sweeps) or age > 0:
            head = cast_rays(grid, starts, turns)
            if age > 0:
                freed |= (head.passes + head.hits).flatten() > 0
            head.passes.view(-1)[hit] = 0
            carved += head.passes.flatten()
    if tails:
        starts, ends = (torch.cat(parts) for parts in zip(*tails, strict=True))
        freed |= cast_rays(grid, starts, ends).passes.flatten() > 0
    freed[_voxels(grid, se3.transform_points(grid_from_map, sweeps[0].own))] = False
    state = torch.full((grid.num_voxels,), VoxelState.UNOBSERVED, dtype=torch.uint8)
    state[freed] = VoxelState.FREE
    state[occupied] = VoxelState.OCCUPIED
    return state.reshape(grid.shape)


def _voxels(grid: VoxelGrid, points: Tensor) -> Tensor:
    """Returns the flat indices of the voxels that hold points, one for each point inside."""
    indices, _ = grid.indices(points)
    return grid.flatten(indices)


def _graze_starts(grid: VoxelGrid, starts: Tensor, ends: Tensor, returned: Tensor) -> Tensor:
    """Returns the (R, 3) points from where on the rays no longer carve; the end itself for rays without a return."""
    along = ends - starts
    length = along.norm(dim=1).clamp(min=1e-9)
    rise = along[:, 2].abs() / length
    spared = (grid.voxel_size / rise.clamp(min=1e-9)).clamp(grid.voxel_size, _LONGEST_GRAZE * grid.voxel_size)
    share = torch.where(returned, (spared / length).clamp(max=1.0), 0.0)
    return ends - along * share[:, None]
