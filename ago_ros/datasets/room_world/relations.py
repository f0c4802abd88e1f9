"""Relation triples and the places that a description is consistent with, by SemAbs' rules.

Source: Ha and Song, "Semantic Abstraction" (2022), section 6.4: receptacles give "on" and "in"; the other four follow
from the displacement between the objects' voxels in the viewer's frame.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ago_ros.datasets.room_world.view import GROUND, STRUCTURE, UNSEEN, SceneObject, SceneTruth
from ago_ros.geometry.voxel_grid import VoxelGrid

AXES = {"behind": (1.0, 0.0), "in front of": (-1.0, 0.0), "left of": (0.0, 1.0), "right of": (0.0, -1.0)}
"""Where each relation's target lies from its reference: x away from the viewer, y left."""
COSINE = 0.6
REACH_M = (0.1, 1.0)


def reach_of(extent: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    """How far a relation reaches from references of (..., 3) extents: twice the larger horizontal one, clipped.

    Args:
        extent: metres.
        scale: of the scene, against a room; the bounds grow with it.
    """
    low, high = REACH_M
    return np.clip(2 * extent[..., :2].max(axis=-1), scale * low, scale * high)


def relate(
    grid: VoxelGrid, occupancy: NDArray[np.uint16], objects: dict[int, SceneObject], scale: float = 1.0
) -> tuple[tuple[int, str, int], ...]:
    """Finds the triples of a view.

    Args:
        grid: the voxels, view frame.
        occupancy: (X, Y, Z) uint16 instances.
        objects: by instance.
        scale: of the scene, against a room.

    Returns:
        (target, relation, reference) by instance, in order. Walls, floor, ceiling and the ground outdoors are
        references of "on" alone.
    """
    flat = occupancy.ravel()
    used = np.flatnonzero(flat)
    ids, inverse, counts = np.unique(flat[used], return_inverse=True, return_counts=True)
    index = np.stack(np.unravel_index(used, occupancy.shape), axis=1)
    mean = np.stack([np.bincount(inverse, index[:, k], len(ids)) for k in range(3)], axis=1) / counts[:, None]
    low = np.full((len(ids), 3), np.iinfo(np.int64).max)
    high = np.full((len(ids), 3), -1)
    np.minimum.at(low, inverse, index)
    np.maximum.at(high, inverse, index)
    middle = np.array(grid.origin) + (mean + 0.5) * grid.voxel_size
    reach = reach_of((high - low + 1) * grid.voxel_size, scale)
    things = np.array([objects[int(i)].name not in (*STRUCTURE, *GROUND) for i in ids], dtype=bool)
    offset = middle[:, None] - middle[None, :]
    distance = np.linalg.norm(offset, axis=2)
    near = (distance > 1e-9) & (distance <= reach[None, :]) & things[:, None] & things[None, :]
    triples = []
    for relation, (x, y) in AXES.items():
        aligned = (offset[..., 0] * x + offset[..., 1] * y) > COSINE * distance
        for target, reference in np.argwhere(aligned & near):
            triples.append((int(ids[target]), relation, int(ids[reference])))
    present = {int(i) for i in ids}
    for instance in present:
        thing = objects[instance]
        if thing.parent in present:
            triples.append((instance, thing.parent_relation, thing.parent))
    return tuple(sorted(triples))


def consistent_places(view: SceneTruth, target: str, relation: str, reference: str) -> NDArray[np.bool_]:
    """Marks every place that a description is consistent with: the ground truth of localisation.

    That is the voxels of every target that has the relation to any reference; for "in", also the inside of every
    reference; for "behind", also what is unseen and empty behind a reference, within its reach and deeper than it.

    Args:
        view: the view.
        target: class of what is sought.
        relation: "in", "on" or one of `AXES`.
        reference: class of the reference.

    Returns:
        (X, Y, Z) bool.
    """
    names = {i: thing.name for i, thing in view.objects.items()}
    targets = [a for a, r, b in view.relations if r == relation and names[a] == target and names[b] == reference]
    places = np.isin(view.occupancy, targets)
    if relation not in ("in", "behind"):
        return places
    centers = view.grid.centers().numpy().astype(np.float64)
    for instance, thing in view.objects.items():
        if thing.name != reference:
            continue
        if relation == "in":
            for box in thing.interiors:
                places |= _in_box(centers, box)
        elif relation == "behind":
            own = view.occupancy == instance
            if own.any():
                places |= _hidden_behind(view, centers, own)
    return places


def _hidden_behind(view: SceneTruth, centers: NDArray[np.float64], own: NDArray[np.bool_]) -> NDArray[np.bool_]:
    points = centers[own]
    extent = np.ptp(points, axis=0) + view.grid.voxel_size
    offset = centers - points.mean(axis=0)
    distance = np.linalg.norm(offset, axis=-1)
    deeper = centers[..., 0] > points[:, 0].max()
    return (
        (view.occupancy == 0)
        & (view.visibility == UNSEEN)
        & deeper
        & (offset[..., 0] > COSINE * distance)
        & (distance <= reach_of(extent, view.scale))
    )


def _in_box(centers: NDArray[np.float64], box: tuple[float, ...]) -> NDArray[np.bool_]:
    c, s = np.cos(box[6]), np.sin(box[6])
    offset = centers - np.array(box[:3])
    along, across = c * offset[..., 0] + s * offset[..., 1], c * offset[..., 1] - s * offset[..., 0]
    return (abs(along) <= box[3] / 2) & (abs(across) <= box[4] / 2) & (abs(offset[..., 2]) <= box[5] / 2)
