"""From sensor frames to scene encodings, and models on disk."""

import dataclasses
import json

import pytest
import torch
from tiny_ago import GRID, pose, tiny_model

from ago_ros.geometry import se3
from ago_ros.geometry.camera import PinholeCamera
from ago_ros.occupancy.ago.checkpoint import CONFIG_FILE, WEIGHTS_FILE, load_ago, save_ago
from ago_ros.occupancy.ago.predictor import AgoPredictor, prepare_images
from ago_ros.occupancy.ago.text import embed_categories
from ago_ros.scene.encoding import VoxelState
from ago_ros.scene.identifier import identify
from ago_ros.scene.labelling import label
from ago_ros.scene.semantic_grid import LABEL_FREE, LABEL_UNOBSERVED
from ago_ros.sensors.frame import CameraImage, LidarSweep, SensorFrame
from ago_ros.vlm.loading import ModelError
from ago_ros.vlm.vocabulary import Vocabulary

CATEGORIES = {"car": ("car", "taxi"), "tree": ("tree",), "road": ("road",)}


class HashedText:
    """A text encoder of 24 dimensions whose vectors depend on the letters alone."""

    name = "hashed"
    dim = 24

    def __init__(self, salt: int = 0) -> None:
        self.salt = salt

    def encode_text(self, phrases):
        seeds = [sum(ord(letter) * 31**i for i, letter in enumerate(phrase)) % 2**31 + self.salt for phrase in phrases]
        vectors = [torch.randn(24, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
        return torch.nn.functional.normalize(torch.stack(vectors), dim=1)


def trained_model():
    model = tiny_model()
    model.set_categories(CATEGORIES, embed_categories(CATEGORIES, HashedText()))
    with torch.no_grad():
        features, _ = model(*as_tensors(frame()))
        middle = ((features @ model.known.T).amax(dim=-1) - features @ model.free).median()
        mean = features.mean(dim=(0, 1, 2, 3))
        model.free += middle * mean / mean.square().sum()
    return model


def frame(yaws=(0.3, 2.0, -1.6), moved=0.0, stamp_ns=5) -> SensorFrame:
    """Cameras whose images were taken after the robot had gone `moved` metres ahead."""
    images = {}
    for number, yaw in enumerate(yaws):
        generator = torch.Generator().manual_seed(number)
        pixels = torch.randint(0, 256, (96, 128, 3), dtype=torch.uint8, generator=generator)
        matrix = torch.tensor([[77.0, 0, 64], [0, 77, 48], [0, 0, 1]], dtype=torch.float64)
        camera = PinholeCamera(matrix, 128, 96)
        ego_from_camera = se3.invert(pose(yaw).to(torch.float64))
        images[f"cam_{number}"] = CameraImage(stamp_ns, pixels, camera, ego_from_camera, se3.from_yaw([moved, 0, 0], 0))
    sweep = LidarSweep(stamp_ns, torch.zeros(0, 3), se3.from_yaw([0.9, 0, 1.8], 0.1), se3.identity())
    return SensorFrame(sweep, images)


def as_tensors(sensor_frame):
    batch = prepare_images(sensor_frame, (48, 64))
    return batch.images, batch.camera_from_ego, batch.intrinsics


def make_predictor(**options) -> AgoPredictor:
    return AgoPredictor(trained_model(), HashedText(), "here", **options)


def test_images_are_prepared_with_their_cameras():
    images, poses, matrices = as_tensors(frame(moved=0.5))
    assert images.shape == (1, 3, 3, 48, 64) and images.dtype == torch.float32
    torch.testing.assert_close(matrices[0, 0], torch.tensor([[38.5, 0, 32], [0, 38.5, 24], [0, 0, 1]]))
    torch.testing.assert_close(poses[0, 0], pose(0.3, x=0.5))


def test_encoding_is_what_the_model_says():
    predictor = make_predictor()
    model = predictor.model
    encoding = predictor.encode(frame())
    with torch.no_grad():
        features, adapted = model(*as_tensors(frame()))
    margin = ((features @ model.known.T).amax(dim=-1) - features @ model.free)[0]
    sure = margin.abs() > 0.1 * margin.abs().mean()
    occupied = encoding.state == VoxelState.OCCUPIED
    assert torch.equal(occupied[sure], (margin > 0)[sure])
    assert 0.1 < occupied.float().mean() < 0.9
    assert torch.equal(encoding.occupied, occupied.nonzero())
    at = tuple(encoding.occupied.T)
    for ours, theirs in ((encoding.features, features), (encoding.adapted, adapted)):
        cosine = torch.nn.functional.cosine_similarity(ours, theirs[0][at], dim=1)
        assert ours.dtype == torch.float32 and cosine.min() > 0.98
    assert encoding.model == "here" and encoding.stamp_ns == 5 and encoding.grid == GRID
    assert encoding.viewpoint.tolist() == [0.9, 0, 1.8]


def test_free_is_only_where_a_camera_looks():
    """Two cameras look ahead and to the left: behind them nothing is free."""
    encoding = make_predictor().encode(frame(yaws=(0.0, 1.2)))
    centers = GRID.centers()
    ahead = (centers[..., 0] > 3) & (centers[..., 1].abs() < 1) & ((centers[..., 2] - 1).abs() < 1)
    behind = (centers[..., 0] < -3) & (centers[..., 1] < -1)
    free, unobserved = encoding.state == VoxelState.FREE, encoding.state == VoxelState.UNOBSERVED
    assert free[ahead].any() and not unobserved[ahead].any()
    assert unobserved[behind].any() and not free[behind].any()


def test_a_missing_camera_is_left_out():
    predictor = make_predictor()
    whole = frame()
    less = dataclasses.replace(
        whole, cameras={name: whole.cameras[name] for name in ("cam_0", "cam_2")}, missing=frozenset({"cam_1"})
    )
    encoding = predictor.encode(less)
    assert not torch.equal(encoding.state, predictor.encode(whole).state)
    with pytest.raises(ValueError, match="no image"):
        predictor.encode(dataclasses.replace(whole, cameras={}))


def test_frames_do_not_depend_on_earlier_ones():
    predictor = make_predictor()
    predictor.warm_up()
    first = predictor.encode(frame())
    predictor.encode(frame(yaws=(1.0,), stamp_ns=9))
    again = predictor.encode(frame())
    predictor.reset()
    assert torch.equal(first.state, again.state) and torch.equal(first.features, again.features)


def test_labels_are_the_identifiers():
    encoding = make_predictor().encode(frame())
    generator = torch.Generator().manual_seed(8)
    features, adapted = (2 * torch.randn(encoding.features.shape, generator=generator) for _ in range(2))
    encoding = dataclasses.replace(encoding, features=features, adapted=adapted)
    embeddings = HashedText().encode_text(["car", "bench", "tree"])
    vocabulary = Vocabulary(("car", "bench", "tree"), embeddings, "here", logit_scale=1.0)
    at = tuple(encoding.occupied.T)
    for criterion in ("entropy", "confidence", "none"):
        grid = label(encoding, vocabulary, criterion)
        chosen = identify(vocabulary.scores(encoding.features), vocabulary.scores(encoding.adapted), criterion)
        assert torch.equal(grid.labels[at], chosen.category.int())
        assert torch.equal(grid.confidence[at], chosen.sureness)
        assert torch.equal(grid.labels == LABEL_FREE, encoding.state == VoxelState.FREE)
        assert torch.equal(grid.labels == LABEL_UNOBSERVED, encoding.state == VoxelState.UNOBSERVED)
    assert not torch.equal(label(encoding, vocabulary).labels, label(encoding, vocabulary, "none").labels)


def test_adapted_features_get_the_asked_length():
    encoding = make_predictor(adapted_scale=20.0).encode(frame())
    torch.testing.assert_close(encoding.adapted.norm(dim=1), torch.full((len(encoding.occupied),), 20.0))
    assert encoding.features.norm(dim=1).std() > 0


def test_round_trip_through_a_folder(tmp_path):
    model = trained_model()
    save_ago(model, tmp_path / "ago")
    loaded = load_ago(tmp_path / "ago")
    assert loaded.config == model.config and loaded.categories == model.categories and not loaded.training
    for key, value in model.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[key], value, atol=1e-3, rtol=1e-3)
        assert loaded.state_dict()[key].dtype == value.dtype
    before, after = (AgoPredictor(m, HashedText(), "here").encode(frame()) for m in (model, loaded))
    assert (before.state == after.state).float().mean() > 0.97


def test_what_does_not_load_says_why(tmp_path):
    with pytest.raises(ModelError, match=r"has no ago_model\.json"):
        load_ago(tmp_path)
    with pytest.raises(ValueError, match="no categories"):
        save_ago(tiny_model(), tmp_path)
    save_ago(trained_model(), tmp_path)
    settings = json.loads((tmp_path / CONFIG_FILE).read_text())
    settings["model"]["dim"] = 32
    (tmp_path / CONFIG_FILE).write_text(json.dumps(settings))
    with pytest.raises(ModelError, match="does not load") as caught:
        load_ago(tmp_path)
    assert "\n" not in str(caught.value)
    (tmp_path / WEIGHTS_FILE).write_bytes(b"torn")
    with pytest.raises(ModelError, match="does not load"):
        load_ago(tmp_path)
    (tmp_path / CONFIG_FILE).write_text("{")
    with pytest.raises(ModelError, match="does not load"):
        load_ago(tmp_path)


def test_another_text_encoder_is_refused():
    with pytest.raises(ModelError, match="another text encoder"):
        AgoPredictor(trained_model(), HashedText(salt=1), "here")
    with pytest.raises(ModelError, match="no categories"):
        AgoPredictor(tiny_model(), HashedText(), "here")
