"""One frame, learned by heart with the three losses."""

import torch
from tiny_ago import GRID, cameras, tiny_config

from ago_ros.occupancy.ago.losses import alignment_loss, grounding_loss, occupancy_loss
from ago_ros.occupancy.ago.model import AgoModel

CATEGORIES, FREE = 3, 8


def street() -> torch.Tensor:
    """(1, 12, 20, 4) int64: road, two cars, a wall; FREE elsewhere, and 255 in a corner that nobody saw."""
    labels = torch.full((1, *GRID.shape), FREE)
    labels[..., 0] = 0
    labels[0, 2:5, 3:6, 1] = 1
    labels[0, 8:10, 12:16, 1:3] = 1
    labels[0, :, 18, 1:] = 2
    labels[0, 10:, :2] = 255
    return labels


def mean_iou(prediction: torch.Tensor, labels: torch.Tensor) -> float:
    known = labels != 255
    ious = []
    for category in (0, 1, 2):
        ours, theirs = prediction[known] == category, labels[known] == category
        ious.append(float((ours & theirs).sum() / (ours | theirs).sum()))
    return sum(ious) / len(ious)


def test_one_frame_is_learned_by_heart():
    torch.manual_seed(0)
    model = AgoModel(tiny_config(planes=GRID.shape, dim=32, hidden=48)).train()
    inputs, labels = cameras([[0.0, 1.5, 3.0, -1.5]]), street()
    prompts = torch.nn.functional.normalize(torch.randn(FREE, 24), dim=1)
    images = torch.nn.functional.normalize(torch.randn(CATEGORIES, 24), dim=1)
    voxels = (labels != 255).nonzero()
    target = labels[labels != 255]
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.01)

    def scores():
        hidden = model.head.hidden_at(model.encode_planes(*inputs), voxels)
        return hidden, model.head.score(hidden, torch.cat([prompts, model.free[None]]))

    assert mean_iou(scores()[1].argmax(dim=1), target) < 0.3
    for _ in range(80):
        hidden, logits = scores()
        filled = target < CATEGORIES
        adapted = model.adapter(model.head.decode(hidden[filled]))
        aligned = alignment_loss(adapted, images[target[filled]])
        loss = grounding_loss(logits, target) + occupancy_loss(logits, target < CATEGORIES) + aligned
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert mean_iou(scores()[1].argmax(dim=1), target) > 0.95
    assert float(aligned) < 0.1
