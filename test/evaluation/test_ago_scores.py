"""AGO's scores: labels of an encoding, voxels that the LiDAR missed, tables against a hand-made confusion, files."""

import math
from functools import partial

import pytest
import torch

from ago_ros.datasets.nuscenes import NuScenesReader
from ago_ros.datasets.occ3d import CLASS_NAMES, FREE, Occ3dLabels, labels_path, read_labels, write_labels
from ago_ros.datasets.open_world import PRETRAINING
from ago_ros.evaluation.ago import CLOSED, criteria_of, task_name
from ago_ros.evaluation.ago_frames import Score, Scored, Task, category_labels, returns_of, score_frames
from ago_ros.evaluation.ago_report import LIFT, ScoredModel, report_json, report_tables
from ago_ros.evaluation.ago_score_file import load_scored, save_scored
from ago_ros.evaluation.occupancy import ConfusionMatrix
from ago_ros.evaluation.ray_iou import RayIoU
from ago_ros.geometry import se3
from ago_ros.geometry.voxel_grid import OCC3D_GRID, VoxelGrid
from ago_ros.occupancy.ago.variants import TrainingNote
from ago_ros.scene.encoding import SceneEncoding, VoxelState
from ago_ros.sensors.frame import LidarSweep, SensorFrame


def encoding(occupied: torch.Tensor, features: torch.Tensor, adapted: torch.Tensor | None, grid=OCC3D_GRID):
    state = torch.full(grid.shape, VoxelState.FREE, dtype=torch.uint8)
    state[occupied.unbind(dim=1)] = VoxelState.OCCUPIED
    return SceneEncoding(0, grid, state, se3.identity(), torch.zeros(3), occupied, features, "m", adapted=adapted)


def test_categories_are_labelled_as_the_identifier_chooses():
    embeddings = torch.eye(3)
    features = torch.tensor([[4.0, 0, 0], [0.2, 0, 0.1], [0.0, 3, 2]])
    adapted = torch.tensor([[0.0, 1, 0], [0, 5, 0], [0, 0, 9.0]])
    grid = VoxelGrid((0, 0, 0), 1.0, (2, 2, 1))
    scene = encoding(torch.tensor([[0, 0, 0], [0, 1, 0], [1, 1, 0]]), features, adapted, grid)
    ids = torch.tensor([10, 11, 12])

    def labels(criterion) -> list[int]:
        return category_labels(embeddings, ids, 17, criterion, scene).flatten().tolist()

    assert labels("none") == [10, 10, 17, 11]
    assert labels("entropy") == [10, 11, 17, 12]
    assert labels("confidence") == [10, 11, 17, 12]


def test_a_mean_over_phrases_decides_and_not_the_best_phrase():
    """A category's embedding is the mean: one perfect phrase beside a bad one loses to a category that fits well."""
    embeddings = torch.tensor([[0.5, 0.0], [0.4, 0.4]])
    scene = encoding(torch.tensor([[0, 0, 0]]), torch.tensor([[1.0, 0.5]]), None, VoxelGrid((0, 0, 0), 1.0, (1, 1, 1)))
    assert category_labels(embeddings, torch.tensor([0, 1]), 2, "entropy", scene).item() == 1


def test_an_identifier_needs_an_adapter_and_the_open_world():
    assert criteria_of("ago", CLOSED) == ("none",)
    assert criteria_of("ago", "zero-shot") == ("entropy",)
    assert criteria_of("ago", CLOSED, ("confidence", "entropy")) == ("confidence", "entropy")
    for variant in ("alignment", "grounding", "one-embedding"):
        assert criteria_of(variant, "zero-shot", ("entropy",)) == ("none",)


def test_returns_are_found_in_the_ego_frame():
    sweep = LidarSweep(
        0, torch.tensor([[1.0, 2.0, 0.5], [900.0, 0, 0]]), se3.from_yaw([0.1, 0, 1.0], 0.0), se3.identity()
    )
    hit = returns_of(sweep)
    assert hit.nonzero().tolist() == [[int(41.1 / 0.4), int(42 / 0.4), int(2.5 / 0.4)]]


class Oracle:
    """Sees what lies in the voxels of the sweep, but takes it all for cars; remembers what it was shown."""

    def __init__(self) -> None:
        self.frames: list[SensorFrame] = []

    def reset(self) -> None:
        self.frames.append(None)

    def encode(self, frame: SensorFrame) -> SceneEncoding:
        self.frames.append(frame)
        occupied = returns_of(frame.lidar).nonzero()
        return encoding(occupied, torch.ones(len(occupied), 1), None)


@pytest.fixture(scope="module")
def truth(tiny_nuscenes, tmp_path_factory):
    """In the voxels of each sweep a car; above them a bus that no return tells of; a quarter outside of the mask."""
    root = tmp_path_factory.mktemp("truth")
    reader = NuScenesReader(tiny_nuscenes)
    for scene in reader.scenes:
        for sample in reader.samples(scene.name):
            semantics = torch.full(OCC3D_GRID.shape, FREE, dtype=torch.uint8)
            hit = returns_of(reader.frame(sample.token, cameras=()).lidar)
            above = torch.roll(hit, 1, dims=2) & ~hit
            semantics[above] = CLASS_NAMES.index("bus")
            semantics[hit] = CLASS_NAMES.index("car")
            mask = torch.ones(OCC3D_GRID.shape, dtype=torch.bool)
            mask[:100, :100] = False
            write_labels(labels_path(root, scene.name, sample.token), Occ3dLabels(semantics, mask, mask))
    return root


def cars(free: int, car: int) -> Task:
    space = None if free == FREE else PRETRAINING
    return Task(
        partial(category_labels, torch.ones(1, 1), torch.tensor([car]), free, "none"), space, rays=space is None
    )


def test_keyframes_are_scored_under_every_protocol(tiny_nuscenes, truth):
    reader, oracle = NuScenesReader(tiny_nuscenes), Oracle()
    vehicle = PRETRAINING.categories.index("vehicle")
    tasks = {"closed": cars(FREE, CLASS_NAMES.index("car")), "open": cars(PRETRAINING.free, vehicle)}
    scored = score_frames(oracle, reader, ["scene-0001"], truth, tasks)
    assert len(scored.milliseconds) == 3 == len([frame for frame in oracle.frames if frame is not None])
    closed, space = scored.scores["closed"], scored.scores["open"]
    ious = dict(zip(CLASS_NAMES, closed.matrix.iou().tolist()))
    assert ious["car"] == 1.0 and ious["bus"] == 0.0
    assert dict(zip(CLASS_NAMES, closed.missed.iou().tolist()))["bus"] == 0.0
    assert math.isnan(dict(zip(CLASS_NAMES, closed.missed.iou().tolist()))["car"]), "every car has a return"
    assert closed.matrix.counts.sum() == 3 * (OCC3D_GRID.num_voxels - 100 * 100 * 16)
    hits = closed.matrix.counts[CLASS_NAMES.index("car")].sum()
    buses = closed.matrix.counts[CLASS_NAMES.index("bus")].sum()
    assert space.matrix.iou()[vehicle] == pytest.approx(float(hits / (hits + buses))), "a bus is a vehicle"
    assert closed.rays is not None and closed.rays.hits[:, CLASS_NAMES.index("car")].min() > 0
    assert space.rays is None


def test_rays_start_at_the_sensor(tiny_nuscenes, truth):
    reader = NuScenesReader(tiny_nuscenes)
    (sample,) = reader.samples("scene-0002")
    frame = reader.frame(sample.token, cameras=())
    scored = score_frames(Oracle(), reader, ["scene-0002"], truth, {"closed": cars(FREE, 4)})
    labels = read_labels(labels_path(truth, "scene-0002", sample.token)).semantics.long()
    expected = RayIoU()
    expected.add(torch.where(returns_of(frame.lidar), 4, FREE), labels, frame.lidar.ego_from_lidar[None, :3, 3])
    rays = scored.scores["closed"].rays
    assert torch.equal(rays.hits, expected.hits) and torch.equal(rays.predictions, expected.predictions)


def test_a_predictor_that_asks_for_them_sees_the_sweeps_between(tiny_nuscenes, truth):
    oracle = Oracle()
    task = Task(partial(category_labels, torch.ones(1, 1), torch.tensor([4]), FREE, "none"))
    scored = score_frames(oracle, NuScenesReader(tiny_nuscenes), ["scene-0001"], truth, {"a": task}, sweeps=True)
    assert len([frame for frame in oracle.frames if frame is not None]) > 3 == len(scored.milliseconds)


def test_another_grid_is_refused(tiny_nuscenes, truth):
    class Coarse(Oracle):
        def encode(self, frame):
            grid = VoxelGrid((0, 0, 0), 1.0, (1, 1, 1))
            return encoding(torch.zeros(1, 3, dtype=torch.int64), torch.ones(1, 1), None, grid)

    with pytest.raises(ValueError, match="Occ3D's labels are on"):
        score_frames(Coarse(), NuScenesReader(tiny_nuscenes), ["scene-0002"], truth, {"closed": cars(FREE, 4)})


def matrix(size: int, pairs: dict[tuple[int, int], int]) -> ConfusionMatrix:
    found = ConfusionMatrix(size)
    for (true, said), count in pairs.items():
        found.counts[true, said] = count
    return found


def model(seed: int, car: int, variant: str = "ago") -> ScoredModel:
    """100 cars, so many of them found, 50 free voxels taken for cars, and 10 buses taken for cars."""
    closed = {(4, 4): car, (4, FREE): 100 - car, (FREE, 4): 50, (3, 4): 10}
    names = PRETRAINING.categories
    vehicle, wall = names.index("vehicle"), names.index("manmade")
    stage = {(vehicle, vehicle): car, (vehicle, wall): 100 - car, (wall, wall): 30, (wall, vehicle): 10}
    empty = ConfusionMatrix()
    scores = {
        task_name(CLOSED, "none"): Score(matrix(FREE + 1, closed), matrix(FREE + 1, {(4, FREE): 5, (4, 4): 5})),
        task_name("pretraining", "none"): Score(matrix(PRETRAINING.free + 1, {(wall, vehicle): 7}), empty),
        task_name("pretraining", "entropy"): Score(matrix(PRETRAINING.free + 1, stage), empty),
    }
    if variant != "ago":
        del scores[task_name("pretraining", "entropy")]
    note = TrainingNote("pretrain", variant, seed, "hashed", 10.0, 5, 4)
    return ScoredModel(note, (), Scored(scores, [5.0, 7.0]))


def test_tables_say_what_a_confusion_of_hand_says():
    """car: 80 / (100 + 50 + 10) and 40 / 160; vehicle: 80 / 110 and 40 / 110; manmade: 30 / 60 and 30 / 100."""
    lift = Scored({CLOSED: Score(matrix(FREE + 1, {(4, 4): 1, (4, FREE): 3}), matrix(FREE + 1, {(4, 4): 1}))}, [9.0])
    models = [model(0, 80), model(1, 40), model(0, 90, "grounding")]
    closed, missed, stages = report_tables(models, lift, "a street")
    column = list(closed.columns).index
    assert [row[:2] for row in closed.rows] == [["AGO", "2"], ["grounding only", "1"], [LIFT, "1"]]
    assert closed.rows[0][column("car")] == "37.50 ± 17.68"
    assert closed.rows[0][column("bus")] == "0.00 ± 0.00" and closed.rows[0][column("truck")] == "-"
    assert closed.rows[0][column("mIoU")] == "18.75 ± 8.84", "car and bus, which no one found"
    assert closed.rows[1][column("car")] == "56.25" and closed.rows[2][column("car")] == "25.00"
    assert closed.rows[0][column("IoU")] == f"{100 * (90 / 160 + 50 / 160) / 2:.2f} ± 17.68"
    assert "RayIoU" not in closed.columns, "not every row has it"
    assert missed.rows[0][column("car")] == "50.00 ± 0.00" and missed.rows[2][column("car")] == "100.00"
    assert "return" in missed.title and "return" not in closed.title
    ago = dict(zip(stages.columns, stages.rows[0]))
    assert (ago["stage"], ago["method"]) == ("pretraining", "AGO")
    assert ago["vehicle"] == f"{100 * (80 + 40) / 2 / 110:.2f} ± {100 * 40 / 110 / 2**0.5:.2f}"
    assert ago["unknown"] == ago["manmade"] == "40.00 ± 14.14"
    assert dict(zip(stages.columns, stages.rows[1]))["unknown"] == "0.00"
    report = report_json([closed, missed, stages], models, lift)
    assert [table["name"] for table in report["tables"]] == ["ago_closed", "ago_missed", "ago_open"]
    assert report["models"][1]["seed"] == 1 and report["models"][0]["encode_p50_ms"] == 6.0


def test_several_identifiers_are_several_rows():
    several = model(0, 80)
    models = [ScoredModel(several.note, ("none", "entropy"), several.scored)]
    (_, _, stages) = report_tables(models, None, "a street")
    assert [row[1] for row in stages.rows] == ["AGO, identifier: none", "AGO, identifier: entropy"]
    unknown = [row[list(stages.columns).index("unknown")] for row in stages.rows]
    assert unknown == ["0.00", "50.00"]


def test_scores_come_back_from_their_file_and_only_for_what_they_are_of(tmp_path):
    rays = RayIoU()
    rays.truths[4], rays.predictions[4], rays.hits[:, 4] = 10, 8, torch.tensor([3, 5, 6])
    kept = Scored({"a/none": Score(matrix(18, {(4, 4): 7}), matrix(18, {(3, 4): 2}), rays)}, [1.0, 3.0])
    path = tmp_path / "scores.pt"
    assert load_scored(path, "model 1") is None
    save_scored(path, kept, "model 1")
    again = load_scored(path, "model 1")
    assert again is not None and again.encode_p50_ms == 2.0
    assert torch.equal(again.scores["a/none"].matrix.counts, kept.scores["a/none"].matrix.counts)
    assert torch.equal(again.scores["a/none"].missed.counts, kept.scores["a/none"].missed.counts)
    assert again.scores["a/none"].table() == pytest.approx(kept.scores["a/none"].table(), nan_ok=True)
    assert load_scored(path, "model 2") is None
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ValueError, match="delete it"):
        load_scored(path, "model 1")
