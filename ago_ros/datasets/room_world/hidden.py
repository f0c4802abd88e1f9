"""What may be asked of a view about things that it does not show, and where they truly are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ago_ros.datasets.room_world.view import STRUCTURE, View


def ask_hidden(view: View, relation: str) -> tuple[str, str] | None:
    """Chooses something hidden that has a relation to something in view.

    Of all pairs, that whose reference fills the most pixels is taken. No thing of the target's class is in view, and
    something hides it: without that, the image would show the middles of at least half of its voxels.

    Args:
        view: with relations.
        relation: one of the six.

    Returns:
        The classes of target and reference; None where the view hides no such thing.
    """
    things = view.objects
    shown = {thing.name for thing in things.values() if not thing.hidden}
    pairs = [
        (-things[b].pixels, things[a].name, things[b].name)
        for a, name, b in view.relations
        if name == relation
        and things[a].name not in shown
        and not things[b].hidden
        and not {things[a].name, things[b].name} & set(STRUCTURE)
        and _within_image(view, a)
    ]
    return min(pairs)[1:] if pairs else None


def places_of(view: View, phrase: str) -> NDArray[np.bool_]:
    """Returns the (X, Y, Z) voxels of all things that a phrase is true of, seen or not."""
    named = [i for i, thing in view.objects.items() if phrase in (thing.name, thing.synonym, *thing.captions)]
    return np.isin(view.occupancy, named)


def _within_image(view: View, instance: int) -> bool:
    """Whether at least half of a thing's voxels have their middle in what the camera looks at."""
    index = np.argwhere(view.occupancy == instance)
    points = np.array(view.grid.origin) + (index + 0.5) * view.grid.voxel_size
    turn, eye = view.view_from_camera[:3, :3], view.view_from_camera[:3, 3]
    u, v, depth = (view.intrinsics @ turn.T @ (points - eye).T) if len(index) else np.zeros((3, 0))
    height, width = view.depth.shape
    ahead = depth > 0
    inside = (u >= 0) & (u < width * depth) & (v >= 0) & (v < height * depth)
    return 2 * int((ahead & inside).sum()) >= max(1, len(index))
