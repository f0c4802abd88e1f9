import numpy as np
import pytest
import torch

from ago_ros.evaluation.relevancy import RelevancyScores


def masks_of(*boxes, size=(40, 60)):
    masks = torch.zeros(len(boxes), *size, dtype=torch.bool)
    for mask, (top, left, bottom, right) in zip(masks, boxes, strict=True):
        mask[top:bottom, left:right] = True
    return masks


def test_perfect_maps_score_one():
    masks = masks_of((3, 4, 20, 30), (30, 40, 40, 60))
    scores = RelevancyScores()
    scores.add(masks.float() * torch.tensor([0.2, 7.0])[:, None, None], masks)
    assert scores.pointing_accuracy() == 1
    assert scores.mean_iou(0.5) == 1


def test_pointing_reads_the_peak_at_any_resolution():
    """A coarse map's peak counts where the middle of its pixel lies."""
    maps = torch.zeros(3, 4, 6)
    maps[0, 1, 2] = maps[1, 1, 2] = maps[2, 3, 5] = 1.0
    scores = RelevancyScores()
    scores.add(maps, masks_of((15, 25, 16, 26), (10, 20, 15, 25), (35, 55, 40, 60)))
    assert scores.pointing_accuracy() == pytest.approx(2 / 3)


def test_iou_equals_counting_pixels():
    generator = torch.Generator().manual_seed(0)
    maps = torch.randn(4, 9, 11, generator=generator)
    masks = torch.rand(4, 9, 11, generator=generator) > 0.6
    scores = RelevancyScores((0.0, 0.3))
    scores.add(maps[:2], masks[:2])
    scores.add(maps[2:], masks[2:])
    for threshold in (0.0, 0.3):
        ious = []
        for one, mask in zip(maps.numpy(), masks.numpy(), strict=True):
            found = (one > 0) & (one >= threshold * one.max())
            ious.append(np.logical_and(found, mask).sum() / np.logical_or(found, mask).sum())
        assert scores.mean_iou(threshold) == pytest.approx(np.mean(ious))


def test_best_threshold():
    """A map of 1 on the object and 0.4 around it wants a threshold above 0.4."""
    masks = masks_of((10, 10, 20, 20))
    maps = masks.float() + 0.4 * masks_of((5, 5, 25, 25)).float() * ~masks
    scores = RelevancyScores((0.2, 0.6))
    scores.add(maps, masks)
    assert scores.best_threshold() == 0.6
    assert scores.mean_iou(0.2) == pytest.approx(100 / 400)


def test_nothing_scored_is_nan():
    assert np.isnan(RelevancyScores().pointing_accuracy())
    assert RelevancyScores().mean_ious().isnan().all()


def test_wrong_input_is_refused():
    masks = masks_of((1, 1, 2, 2))
    with pytest.raises(ValueError, match="a mask is empty"):
        RelevancyScores().add(torch.rand(1, 4, 6), torch.zeros_like(masks))
    with pytest.raises(ValueError, match="maps must be"):
        RelevancyScores().add(torch.rand(2, 4, 6), masks)
