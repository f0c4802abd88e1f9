"""Labels and embeddings on disk."""

import numpy as np
import pytest
import torch
from tiny_models import save_model

from ago_ros.datasets.errors import DatasetError
from ago_ros.datasets.nuscenes import NuScenesReader
from ago_ros.datasets.occ3d import FREE, UNOBSERVED, Occ3dLabels, write_labels
from ago_ros.geometry.voxel_grid import OCC3D_GRID
from ago_ros.occupancy.image_features import lift_features, view_voxels
from ago_ros.occupancy.lift import LiftPredictor
from ago_ros.occupancy.pseudo_labels.embeddings import (
    embed_images,
    embeddings_path,
    estimate_bytes,
    read_embeddings,
    write_embeddings,
)
from ago_ros.occupancy.pseudo_labels.files import read_pseudo_labels, write_pseudo_labels
from ago_ros.vlm.loading import load_vlm


def some_labels() -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    labels = torch.randint(0, FREE + 2, OCC3D_GRID.shape, generator=generator).to(torch.uint8)
    labels[labels == FREE + 1] = UNOBSERVED
    return labels


def test_labels_come_back_and_unobserved_is_told_by_the_mask_as_well(tmp_path) -> None:
    labels, path = some_labels(), tmp_path / "gts" / "scene" / "token" / "labels.npz"
    write_pseudo_labels(path, labels)
    assert torch.equal(read_pseudo_labels(path), labels)
    with np.load(path) as archive:
        assert set(archive) == {"semantics", "mask_lidar"} and archive["semantics"].dtype == np.uint8
        assert ((archive["mask_lidar"] == 0) == (labels == UNOBSERVED).numpy()).all()
    assert [each.name for each in path.parent.iterdir()] == ["labels.npz"], "nothing half written is left"


def test_occ3ds_own_labels_are_read_too(tmp_path) -> None:
    labels = some_labels().clamp(max=FREE)
    write_labels(tmp_path / "labels.npz", Occ3dLabels(labels, labels > 0, labels > 0))
    assert torch.equal(read_pseudo_labels(tmp_path / "labels.npz"), labels)


def test_what_is_not_labels_is_refused(tmp_path) -> None:
    path = tmp_path / "labels.npz"
    with pytest.raises(DatasetError, match="is missing"):
        read_pseudo_labels(path)
    write_pseudo_labels(path, some_labels())
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(DatasetError, match="damaged"):
        read_pseudo_labels(path)
    np.savez(path, semantics=np.full(OCC3D_GRID.shape, 40, np.uint8))
    with pytest.raises(DatasetError, match="holds the id 40"):
        read_pseudo_labels(path)
    np.savez(path, semantics=np.zeros((2, 2, 2), np.uint8))
    with pytest.raises(DatasetError, match="shape"):
        read_pseudo_labels(path)
    np.savez(path, other=np.zeros(3))
    with pytest.raises(DatasetError, match="no array"):
        read_pseudo_labels(path)


@pytest.fixture(scope="module")
def embedded(tiny_nuscenes, tmp_path_factory):
    """A frame, its occupied voxels, a tiny model, and the frame's embeddings."""
    model = load_vlm(save_model("clip", tmp_path_factory.mktemp("clip")))
    reader = NuScenesReader(tiny_nuscenes)
    frame = reader.frame(reader.samples("scene-0001")[1].token)
    occupied = LiftPredictor().encode(frame).occupied
    return frame, occupied, model, embed_images(model, frame, occupied)


def test_the_features_are_those_that_lifting_gives(embedded) -> None:
    frame, occupied, model, embeddings = embedded
    expected = lift_features(model, view_voxels(frame, OCC3D_GRID, occupied), len(occupied))
    shown = expected.norm(dim=1) > 0
    voxels, features = embeddings.features()
    assert 100 < len(voxels) < len(occupied)
    flat = OCC3D_GRID.flatten(occupied)[shown]
    order = flat.argsort()
    assert torch.equal(voxels, flat[order])
    cosine = (features * expected[shown][order]).sum(dim=1)
    assert cosine.min() > 0.999
    torch.testing.assert_close(features.norm(dim=1), torch.ones(len(features)))


def test_where_no_image_shows_a_voxel_there_are_no_embeddings(embedded, tmp_path) -> None:
    frame, occupied, model, _ = embedded
    write_embeddings(tmp_path / "none.npz", embed_images(model, frame, occupied[:0]))
    voxels, features = read_embeddings(tmp_path / "none.npz").features()
    assert voxels.shape == (0,) and features.shape == (0, model.dim)


def test_embeddings_come_back_in_half_precision_and_as_large_as_said(embedded, tmp_path) -> None:
    frame, _, model, embeddings = embedded
    path = embeddings_path(tmp_path, "scene-0001", "token")
    write_embeddings(path, embeddings)
    again = read_embeddings(path)
    assert again.cells.dtype == torch.float16
    for name in ("cells", "voxel", "camera", "place"):
        assert torch.equal(getattr(again, name).to(torch.float64), getattr(embeddings, name).to(torch.float64)), name
    assert torch.equal(again.features()[1], embeddings.features()[1])
    places = len(embeddings.voxel) * 9
    image = next(iter(frame.cameras.values())).image
    said = estimate_bytes(model, *image.shape[:2], len(frame.cameras), 1) - estimate_bytes(
        model, *image.shape[:2], 0, 1
    )
    assert said == embeddings.cells.numel() * 2
    assert 0 <= path.stat().st_size - said - places < 2000, "the rest is the file's own order"


def test_damaged_embeddings_are_refused(embedded, tmp_path) -> None:
    path = tmp_path / "token.npz"
    np.savez(path, cells=np.zeros((1, 2, 2, 3)), voxel=np.zeros(4), camera=np.zeros(3), place=np.zeros((4, 2)))
    with pytest.raises(DatasetError, match="do not fit together"):
        read_embeddings(path)
    with pytest.raises(DatasetError, match="ago label"):
        read_embeddings(tmp_path / "nothing.npz")
