"""One field for a question from the fields of its relations."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ago_ros.scene_query.query import Query


def combine(
    alternatives: Sequence[Sequence[Query]], field_of: Callable[[Query], Tensor], hides: Callable[[Query], bool]
) -> tuple[Tensor, Tensor]:
    """Combines how well each relation holds at each voxel, taking relations for independent of each other.

    "and" is the product; "or" is 1 - (1 - a)(1 - b), its counterpart. Both keep to 0..1 and leave one relation as it
    is; the result is made a probability afterwards, once. A place may hide the target if one of the relations that hold
    together there is of a kind that hides: "behind the lamp and left of the laptop" is sought out of sight too.
    Source: ours.

    Args:
        alternatives: of a `Question`.
        field_of: the (X, Y, Z) field of one query, 0..1.
        hides: whether what is in the query's relation may be out of sight.

    Returns:
        (X, Y, Z) how well the question holds, and the same from those alternatives alone that may hide the target.
    """
    everywhere, hiding = [], []
    for together in alternatives:
        field = torch.stack([field_of(query) for query in together]).prod(dim=0)
        everywhere.append(field)
        if any(hides(query) for query in together):
            hiding.append(field)
    return _either(everywhere), _either(hiding) if hiding else torch.zeros_like(everywhere[0])


def _either(fields: list[Tensor]) -> Tensor:
    """1 - (1 - a)(1 - b) ..., and a itself where it stands alone, which the formula would round."""
    return fields[0] if len(fields) == 1 else 1 - (1 - torch.stack(fields)).prod(dim=0)
