import math

import pytest
import torch

from ago_ros.evaluation.occupancy import ConfusionMatrix


def naive_iou(pairs: list[tuple[int, int]], label: int) -> float:
    both = sum(t == p == label for t, p in pairs)
    either = sum(label in (t, p) for t, p in pairs)
    return both / either if either else math.nan


def volume(*labels: int) -> torch.Tensor:
    return torch.tensor(labels).reshape(1, -1, 1)


def test_scores_are_those_of_plain_counting():
    generator = torch.Generator().manual_seed(0)
    matrix, pairs = ConfusionMatrix(5), []
    for _ in range(3):
        truth, prediction = torch.randint(0, 5, (2, 4, 3, 2), generator=generator)
        mask = torch.rand(4, 3, 2, generator=generator) > 0.3
        matrix.add(prediction, truth, mask)
        pairs += zip(truth[mask].tolist(), prediction[mask].tolist())
    expected = [naive_iou(pairs, label) for label in range(5)]
    assert matrix.iou().tolist() == pytest.approx(expected)
    assert matrix.mean_iou() == pytest.approx(sum(expected[:4]) / 4)
    occupied = [(t < 4, p < 4) for t, p in pairs]
    assert matrix.occupied_iou() == pytest.approx(naive_iou(occupied, True))


def test_one_matrix_is_not_a_mean_of_frames():
    matrix = ConfusionMatrix(2)
    matrix.add(volume(0, 0, 0, 0), volume(0, 0, 0, 0))
    matrix.add(volume(1), volume(0))
    assert matrix.mean_iou() == pytest.approx(4 / 5)


def test_free_is_not_in_the_mean_and_absent_classes_are_left_out():
    matrix = ConfusionMatrix(4)
    matrix.add(volume(0, 0, 3, 3, 3), volume(0, 3, 3, 3, 3))
    scores = matrix.iou()
    assert scores[0] == pytest.approx(0.5)
    assert scores[1:3].isnan().all()
    assert matrix.mean_iou() == pytest.approx(0.5)


def test_class_that_is_only_predicted_scores_zero():
    matrix = ConfusionMatrix(3)
    matrix.add(volume(0, 1), volume(0, 2))
    assert matrix.iou().tolist() == pytest.approx([1.0, 0.0, 0.0])
    assert matrix.mean_iou() == pytest.approx(0.5)


def test_masked_voxels_do_not_count_whatever_their_label():
    matrix = ConfusionMatrix(3)
    matrix.add(volume(0, 255), volume(0, 255), volume(1, 0) > 0)
    assert int(matrix.counts.sum()) == 1


def test_camera_mask_changes_the_score():
    truth, prediction = volume(4, 4, 17, 17), volume(4, 17, 17, 4)
    seen, everywhere = ConfusionMatrix(), ConfusionMatrix()
    seen.add(prediction, truth, volume(1, 0, 1, 0) > 0)
    everywhere.add(prediction, truth)
    assert seen.mean_iou() == 1.0
    assert everywhere.mean_iou() == pytest.approx(1 / 3)


def test_means_over_15_and_17_classes_differ():
    matrix = ConfusionMatrix()
    every_class = torch.arange(17)
    poor = torch.where((every_class == 0) | (every_class == 12), 17, every_class)
    matrix.add(poor, every_class)
    table = matrix.table()
    assert table["mIoU*"] == 1.0
    assert table["mIoU"] == pytest.approx(15 / 17) == matrix.mean_iou()


def test_nothing_counted_is_nan():
    assert math.isnan(ConfusionMatrix().mean_iou())


@pytest.mark.parametrize("labels", [volume(0, 3), volume(0, -1)])
def test_unknown_labels_are_refused(labels):
    with pytest.raises(ValueError, match="none of 0 to 2"):
        ConfusionMatrix(3).add(labels, volume(0, 0))


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="one shape"):
        ConfusionMatrix(3).add(torch.zeros(2, 3, 4), torch.zeros(3, 2, 4))


def test_table_names_the_classes_of_occ3d():
    matrix = ConfusionMatrix()
    matrix.add(volume(4, 17, 11), volume(4, 17, 17))
    table = matrix.table()
    assert table["car"] == 1.0
    assert table["driveable_surface"] == 0.0
    assert math.isnan(table["bus"])
    assert table["mIoU"] == table["mIoU*"] == pytest.approx(0.5)
    assert table["IoU"] == pytest.approx(0.5)
    assert "free" not in table
    with pytest.raises(ValueError, match="Occ3D has 18"):
        ConfusionMatrix(5).table()
