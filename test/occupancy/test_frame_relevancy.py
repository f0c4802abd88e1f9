"""Relevancy maps on voxels: beside plain loops over voxels, images, crops and cells; images are read once."""

import gc
import math
import threading
import weakref

import pytest
import torch
from scanned_world import scan
from tiny_models import SIZE, save_model

from ago_ros.geometry import se3
from ago_ros.geometry.camera import PinholeCamera
from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.occupancy.frame_relevancy import (
    RELEVANCY,
    FrameRelevancy,
    LiftedAttention,
    LiftedFeatures,
    relevancy_config,
)
from ago_ros.occupancy.image_features import view_voxels, visible
from ago_ros.occupancy.lift import LiftConfig, LiftPredictor
from ago_ros.scene.threads import single_thread
from ago_ros.scene_query.analytic import locate
from ago_ros.scene_query.parse import parse_query
from ago_ros.sensors.frame import CameraImage, SensorFrame
from ago_ros.vlm.loading import load_vlm
from ago_ros.vlm.relevancy import BACKGROUND_PHRASES
from ago_ros.vlm.relevancy_maps import RelevancyConfig, relevancy_maps
from ago_ros.vlm.relevancy_maps.jitter import jittered
from ago_ros.vlm.relevancy_maps.readers import AttentionReader
from ago_ros.vlm.relevancy_maps.windows import window_grids
from ago_ros.vlm.vocabulary import embed_phrases

GRID = VoxelGrid((-8.0, -6.0, -1.0), 0.5, (48, 24, 10))
FORWARD = se3.from_rotation(
    torch.tensor([[0, 0, 1], [-1, 0, 0], [0, -1, 0]], dtype=torch.float64), torch.tensor([1.0, 0.0, 1.5])
)
PHRASES = ["car", "tree"]
EVERYTHING = RelevancyConfig(scales=(1.0, 0.7), stride=0.6, flip=True, jitters=1, dense_side=SIZE)
FEW = RelevancyConfig(scales=(1.0, 0.5), stride=0.5, flip=False, jitters=0, dense_side=SIZE)


@pytest.fixture(autouse=True)
def one_thread():
    with single_thread():
        yield


@pytest.fixture(scope="module", params=["clip", "siglip"])
def any_vlm(request, tmp_path_factory):
    return load_vlm(save_model(request.param, tmp_path_factory.mktemp("models") / request.param))


@pytest.fixture(scope="module")
def vlm(tmp_path_factory):
    return load_vlm(save_model("clip", tmp_path_factory.mktemp("models") / "clip"))


def camera_image(turn: float, seed: int) -> CameraImage:
    """A noisy image, 100 x 60 pixels, of a camera turned left, seen by a robot that has moved on by 0.2 m."""
    pixels = torch.rand(1, 3, 8, 12, generator=torch.Generator().manual_seed(seed))
    pixels = torch.nn.functional.interpolate(pixels, (60, 100), mode="bilinear")[0].permute(1, 2, 0)
    intrinsics = torch.tensor([[55.0, 0, 50], [0, 55, 30], [0, 0, 1]], dtype=torch.float64)
    mount = se3.from_yaw([0.0, 0.0, 0.0], turn) @ FORWARD
    image = (255 * pixels).to(torch.uint8)
    return CameraImage(0, image, PinholeCamera(intrinsics, 100, 60), mount, se3.from_yaw([0.2, 0.0, 0.0], 0.0))


def make_frame() -> SensorFrame:
    """A street with two boxes, and three cameras: two overlap, one looks back."""
    boxes = [((4.0, -1.0, 0.0), (6.0, 1.0, 2.0)), ((8.0, 2.0, 0.0), (9.0, 4.0, 3.0))]
    cameras = {"a": camera_image(0.0, 1), "b": camera_image(0.5, 2), "c": camera_image(math.pi, 3)}
    return SensorFrame(scan(se3.identity(), boxes, stamp_ns=5, beams=16, columns=180).lidar, cameras)


@pytest.fixture(scope="module")
def frame() -> SensorFrame:
    return make_frame()


@pytest.fixture(scope="module")
def occupied(frame) -> torch.Tensor:
    return LiftPredictor(LiftConfig(grid=GRID)).encode(frame).occupied


def loops(read, side, frame, occupied, config) -> torch.Tensor:
    """(M, C): the mean over images of the mean over scales, colours and mirrorings of the mean over windows."""
    blocked_by = torch.zeros(GRID.num_voxels, dtype=torch.bool)
    blocked_by[GRID.flatten(occupied)] = True
    found = [[] for _ in occupied]
    for image in frame.cameras.values():
        maps = {}
        grids = window_grids(*image.image.shape[:2], side, config)
        for version, colours in enumerate(jittered(image.image, config)):
            for scale, grid in enumerate(grids):
                for window in range(len(grid)):
                    crop = grid.cut(grid.resize(colours), window)
                    maps[version, scale, window, False] = read(crop)
                    if config.flip:
                        maps[version, scale, window, True] = read(crop.flip(1)).flip(1)
        camera_from_ego = frame.camera_from_ego(image)
        eye = se3.invert(camera_from_ego)[:3, 3]
        for number, voxel in enumerate(occupied):
            center = GRID.centers(voxel[None]).double()
            (pixel,), _, (inside,) = image.camera.project(se3.transform_points(camera_from_ego, center))
            if inside and visible(GRID, blocked_by, eye, center)[0]:
                found[number].append(_at_pixel(maps, grids, pixel.tolist(), config))
    width = next(len(value) for values in found for value in values)
    return torch.stack([torch.stack(v).mean(0) if v else torch.zeros(width) for v in found])


def _at_pixel(maps, grids, pixel, config) -> torch.Tensor:
    scales = []
    for version in range(1 + config.jitters):
        for mirrored in (False, True) if config.flip else (False,):
            for scale, grid in enumerate(grids):
                x, y = pixel[0] * grid.size[1] / 100, pixel[1] * grid.size[0] / 60
                windows = []
                for window in range(len(grid)):
                    top, left = grid.tops[window // len(grid.lefts)], grid.lefts[window % len(grid.lefts)]
                    if top <= y < top + grid.side and left <= x < left + grid.side:
                        windows.append(_bilinear(maps[version, scale, window, mirrored], x - left, y - top, grid.side))
                scales.append(sum(windows) / len(windows))
    return sum(scales) / len(scales)


def _bilinear(cells, x, y, side) -> torch.Tensor:
    """Reads (h, w, C) at a point of the window, between the centres of the cells."""
    count = len(cells)
    total = torch.zeros(cells.shape[2])
    x, y = (min(max(place * count / side - 0.5, 0), count - 1) for place in (x, y))
    for row in range(count):
        for column in range(count):
            total += cells[row, column] * max(0, 1 - abs(x - column)) * max(0, 1 - abs(y - row))
    return total


def test_lifted_maps_equal_plain_loops(any_vlm, frame, occupied):
    embeddings = embed_phrases(PHRASES, any_vlm)
    reader = AttentionReader(any_vlm.attention_split(), embeddings, 2**20)
    truth = loops(lambda crop: reader.read(crop[None])[0].permute(1, 2, 0), SIZE, frame, occupied, EVERYTHING)
    lifted = LiftedAttention(any_vlm, view_voxels(frame, GRID, occupied), len(occupied), EVERYTHING).maps(embeddings)
    assert lifted.shape == (2, len(occupied)) and (truth == 0).all(dim=1).any() and (truth > 0).any()
    assert float((lifted.T - truth).abs().max() / truth.abs().max()) < 1e-5


def test_lifted_features_equal_plain_loops(vlm, frame, occupied):
    truth = loops(lambda crop: vlm.encode_dense(crop[None])[0], SIZE, frame, occupied, EVERYTHING)
    ours = LiftedFeatures(vlm, view_voxels(frame, GRID, occupied), len(occupied), EVERYTHING).features
    torch.testing.assert_close(ours, torch.nn.functional.normalize(truth, dim=1), atol=1e-5, rtol=0)


def test_a_voxel_reads_what_the_images_own_map_shows_at_its_pixel(vlm, frame, occupied):
    """At the resolution of the image, the map of one image sampled at the pixels is the lifted map, but for edges."""
    alone = SensorFrame(frame.lidar, {"a": frame.cameras["a"]})
    (view,) = view_voxels(alone, GRID, occupied)
    config = RelevancyConfig(scales=(1.0, 0.5), stride=0.5, jitters=0, subtract_mean=False, map_side=60)
    maps = relevancy_maps(vlm, view.image.image, PHRASES, config)
    places = view.pixels.long()
    truth = maps[:, places[:, 1], places[:, 0]]
    lifted = LiftedAttention(vlm, [view], len(occupied), config).maps(embed_phrases(PHRASES, vlm))[:, view.voxels]
    assert float((lifted - truth).abs().mean() / truth.max()) < 0.02
    assert float(torch.corrcoef(torch.stack([lifted[0], truth[0]]))[0, 1]) > 0.99


def test_the_best_voxel_is_as_sure_as_the_best_crop(vlm, frame, occupied):
    """The crops' embeddings, read here through the whole model, say how surely the phrase is there at all."""
    score = FrameRelevancy(vlm, view_voxels(frame, GRID, occupied), len(occupied), FEW)(PHRASES)
    crops = []
    for image in frame.cameras.values():
        for grid in window_grids(60, 100, SIZE, FEW):
            crops += [grid.cut(grid.resize(image.image), window) for window in range(len(grid))]
    embeddings = vlm.encode_image(torch.stack(crops))
    match = embeddings @ embed_phrases(PHRASES, vlm).T
    rival = (embeddings @ embed_phrases(BACKGROUND_PHRASES, vlm).T).amax(dim=1, keepdim=True)
    surely = torch.sigmoid(vlm.logit_scale * (match - rival)).amax(dim=0)
    assert ((score >= 0) & (score <= 1)).all()
    assert (score.amax(dim=1) <= surely + 1e-5).all(), "a crop that shows no voxel may only raise the bound"
    torch.testing.assert_close(score.amax(dim=1), surely, atol=1e-5, rtol=0)


def test_the_mean_map_is_taken_off(vlm, frame, occupied):
    views = view_voxels(frame, GRID, occupied)
    whole = LiftedAttention(vlm, views, len(occupied), FEW)
    names = [*PHRASES, *BACKGROUND_PHRASES]
    maps = whole.maps(embed_phrases(names, vlm)).double()
    below = maps[:2] < maps.mean(dim=0) - 1e-6
    score = whole.score(PHRASES)
    assert below.any() and not score[below].any() and (score > 0).any()


class Counting:
    """Passes a model on and counts the images that it reads."""

    def __init__(self, model):
        self._model, self.dense, self.tokens = model, 0, 0

    def __getattr__(self, name):
        return getattr(self._model, name)

    def encode_dense(self, images):
        self.dense += len(images)
        return self._model.encode_dense(images)

    def attention_split(self):
        split = self._model.attention_split()
        embed = split.embed

        def counted(pixels):
            self.tokens += len(pixels)
            return embed(pixels)

        object.__setattr__(split, "embed", counted)
        return split


@pytest.mark.parametrize("name", ["maps", "fast"])
def test_images_are_read_once_at_the_first_question(vlm, name):
    model, frame = Counting(vlm), make_frame()
    predictor = LiftPredictor(LiftConfig(grid=GRID), model, RELEVANCY[name])
    encoding = predictor.encode(frame)
    images = [weakref.ref(image.image) for image in frame.cameras.values()]
    del frame
    gc.collect()
    assert (model.dense, model.tokens) == (3, 0), "encoding reads each image for the labels, and nothing more"
    assert all(image() is not None for image in images), "the images are kept for the first question"

    answers = []
    asking = [
        threading.Thread(target=lambda p=phrase: answers.append(encoding.relevancy([p])))
        for phrase in ("car", "tree", "mug", "box")
    ]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    read = (model.dense, model.tokens)
    alone = Counting(vlm)
    LiftPredictor(LiftConfig(grid=GRID), alone, RELEVANCY[name]).encode(make_frame()).relevancy(["car"])
    assert len(answers) == 4 and sum(read) > 3
    assert read == (alone.dense, alone.tokens), "four questions at once read the images more than once"
    answer = locate(encoding, parse_query("car"), model)
    assert 0 <= float(answer.probability.sum()) <= 1 + 1e-5
    assert (model.dense, model.tokens) == read, "a later question read images"
    gc.collect()
    assert all(image() is None for image in images), "the images are let go of after the first question"
    assert encoding.relevancy.kept_bytes > 0


def test_crops_that_show_no_voxel_are_not_read(vlm, frame):
    model = Counting(vlm)
    one = GRID.indices(torch.tensor([[6.0, 0.0, 2.0]], dtype=torch.float64))[0]
    views = view_voxels(frame, GRID, one)
    showing = total = 0
    for view in views:
        for grid in window_grids(60, 100, SIZE, FEW):
            x, y = view.pixels[0, 0] * grid.size[1] / 100, view.pixels[0, 1] * grid.size[0] / 60
            inside = [top <= y < top + SIZE and left <= x < left + SIZE for top in grid.tops for left in grid.lefts]
            showing, total = showing + sum(inside), total + len(inside)
    FrameRelevancy(model, views, 1, FEW)(["car"])
    assert model.tokens == showing < total


@pytest.mark.parametrize("name", ["maps", "fast"])
def test_without_anything_in_sight_every_score_is_zero(vlm, frame, name):
    for count in (0, 3):
        score = FrameRelevancy(vlm, [], count, RELEVANCY[name])(PHRASES)
        assert score.shape == (2, count) and not score.any()


class NoAttention:
    name, dim = "opaque", 3


class NoHead(NoAttention):
    def attention_split(self):
        raise ValueError("the tower has no pooling head: use method 'dense'")


@pytest.mark.parametrize("model", [NoAttention(), NoHead()])
def test_a_model_whose_attention_cannot_be_read_is_refused_with_advice(model):
    with pytest.raises(ValueError, match=r"opaque cannot be read \(.*\): choose 'fast' or 'dense'"):
        LiftPredictor(vlm=model, relevancy=relevancy_config("maps"))
    LiftPredictor(vlm=model, relevancy=relevancy_config("fast"))
    LiftPredictor(vlm=model, relevancy=relevancy_config("dense"))


def test_an_unknown_choice_is_refused():
    with pytest.raises(ValueError, match="relevancy must be one of dense, fast, maps; got 'slow'"):
        relevancy_config("slow")
