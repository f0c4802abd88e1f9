"""From voted sweeps to voxels: by hand, by brute force, and against a street's true labels."""

import collections
import dataclasses

import pytest
import torch

from ago_ros.datasets.nuscenes import LIDAR, NuScenesReader
from ago_ros.datasets.nuscenes_records import read_sweep
from ago_ros.datasets.occ3d import FREE, UNOBSERVED, labels_path, read_labels
from ago_ros.geometry import se3
from ago_ros.geometry.voxel_grid import OCC3D_GRID, VoxelGrid
from ago_ros.occupancy.pseudo_labels.aggregate import AggregateConfig, aggregate
from ago_ros.occupancy.pseudo_labels.votes import VotedSweep, vote
from ago_ros.occupancy.rays import Rays

GRID = VoxelGrid((0.0, -4.0, 0.0), 1.0, (40, 8, 4))
CONFIG = AggregateConfig(GRID, ray_stride=1)
ORIGIN = torch.tensor([0.5, 0.5, 1.5], dtype=torch.float64)


def sweep(ends, categories, origin=ORIGIN, own=()) -> VotedSweep:
    """Rays from `origin` to `ends`; `categories` has one vote for each, None for none."""
    ends = torch.tensor(ends, dtype=torch.float64).reshape(-1, 3)
    rays = Rays(
        0, origin, ends, torch.ones(len(ends), dtype=torch.bool),
        torch.tensor(own, dtype=torch.float64).reshape(-1, 3), origin,
    )  # fmt: skip
    voted = [row for row, category in enumerate(categories) if category is not None]
    numbers = torch.tensor([categories[row] for row in voted], dtype=torch.uint8)
    return VotedSweep(rays, torch.tensor(voted, dtype=torch.int64), numbers)


def line(x: float, category, count: int = 3) -> tuple[list[list[float]], list]:
    """Returns that many returns straight ahead at distance x."""
    return [[x, 0.5, 1.5] for _ in range(count)], [category] * count


def labels(own, others=(), config=CONFIG) -> torch.Tensor:
    return aggregate(se3.identity(), own, others, config)


def test_class_free_and_unobserved_along_a_ray() -> None:
    everything = labels([sweep(*line(30.5, 4))])
    found = everything[:, 4, 1]
    assert found[30] == 4
    assert found[:20].tolist() == [FREE] * 20, "a ray frees what it passes..."
    assert found[21:30].tolist() == [UNOBSERVED] * 9, "...but for its last stretch, ten voxels of a level ray"
    assert found[31:].tolist() == [UNOBSERVED] * 9
    assert (everything != UNOBSERVED).sum() == (found != UNOBSERVED).sum(), "nothing beside the ray is known"


def test_returns_without_a_vote_are_neither_free_nor_a_class() -> None:
    ends, categories = line(10.5, None)
    far, _ = line(35.5, None)
    found = labels([sweep(ends + far, categories + [None] * 3)])[:, 4, 1]
    assert found[10] == UNOBSERVED and found[35] == UNOBSERVED and found[12] == FREE


def test_the_majority_of_votes_wins_and_own_votes_break_ties() -> None:
    own = sweep([[10.5, 0.5, 1.5]] * 3, [4, 4, 9])
    assert labels([own])[10, 4, 1] == 4
    other = sweep([[10.6, 0.5, 1.5]] * 3, [9, 9, 9])
    assert labels([own], [other])[10, 4, 1] == 9
    tie = sweep([[10.6, 0.5, 1.5]] * 1, [3])
    assert labels([sweep([[10.5, 0.5, 1.5]], [8])], [tie])[10, 4, 1] == 8
    assert labels([sweep([[10.5, 0.5, 1.5]] * 2, [8, 3])])[10, 4, 1] == 3


def test_what_has_moved_leaves_no_trail_and_a_post_stays() -> None:
    now = sweep(*line(35.5, 15))
    before = sweep(*line(7.5, 4))
    found = labels([now], [before])[:, 4, 1]
    assert found[7] == FREE and found[35] == 15
    post = sweep([[7.5, 0.5, 1.5]] + [[35.5, 0.5, 1.5]] * 3, [15] * 4)
    assert labels([post], [now])[7, 4, 1] == 15, "the own sweep's return counts, whatever passes"


def test_a_voxel_that_most_sweeps_looked_through_is_free_though_the_own_sweep_never_looked() -> None:
    own = sweep([[5.5, -3.5, 1.5]] * 2, [11, 11])
    hit, passed = sweep(*line(7.5, 4)), sweep(*line(35.5, 15))
    assert labels([own], [hit])[7, 4, 1] == 4
    assert labels([own], [hit, passed])[7, 4, 1] == 4, "one against one"
    assert labels([own], [hit, passed, passed])[7, 4, 1] == FREE


def test_other_sweeps_do_not_free_what_may_be_inside_of_something_that_moves() -> None:
    now, before = sweep(*line(7.5, 4)), sweep(*line(39.5, 15))
    found = labels([now], [before])[:, 4, 1]
    assert found[7] == 4
    assert found[8:12].tolist() == [UNOBSERVED] * 4, "behind the car's front, where the other sweep looked before"
    assert found[14] == FREE, "further behind it"
    still = labels([now], [before, now, now])[:, 4, 1]
    assert still[9] == FREE, "what stays is met more often than looked through"


def test_where_the_robot_stands_is_unobserved() -> None:
    found = labels([sweep(*line(30.5, 4), own=[[3.5, 0.5, 1.5]])])
    assert found[3, 4, 1] == UNOBSERVED and found[4, 4, 1] == FREE


def test_a_sweep_without_a_return_says_nothing() -> None:
    assert (labels([sweep([], [])]) == UNOBSERVED).all()


def test_votes_are_counted_as_by_hand() -> None:
    """Against a counter over the points, voxel by voxel; the own sweep's returns all count."""
    generator = torch.Generator().manual_seed(3)
    size, lower = torch.tensor([42.0, 10.0, 5.0]), torch.tensor([1.0, 5.0, 0.5])
    ends = torch.rand(6000, 3, generator=generator, dtype=torch.float64) * size - lower
    numbers = torch.randint(0, 17, (6000,), generator=generator).tolist()
    found = labels([sweep(ends.tolist(), numbers)])
    tally: dict = collections.defaultdict(collections.Counter)
    for (x, y, z), number in zip(ends.tolist(), numbers, strict=True):
        if 0 <= x < 40 and -4 <= y < 4 and 0 <= z < 4:
            tally[int(x), int(y + 4), int(z)][number] += 1
    assert len(tally) > 600
    for voxel, counter in tally.items():
        top = max(counter.values())
        assert found[voxel] == min(number for number, votes in counter.items() if votes == top)
    assert int((found < FREE).sum()) == len(tally)


@pytest.mark.parametrize("changes", [{"clear_passes": 0}, {"ray_stride": 0}, {"shadow": 0.0}])
def test_nonsense_is_refused(changes) -> None:
    with pytest.raises(ValueError, match="must be at least 1, shadow positive"):
        AggregateConfig(**changes)


@dataclasses.dataclass
class Scores:
    """Against the true labels: how many voxels have a class; shares of right ones."""

    occupied: int
    precision: float
    class_accuracy: float
    iou: float
    free_precision: float


def score(semantics: torch.Tensor, truth: torch.Tensor, where: torch.Tensor) -> Scores:
    """IoU: of the voxels in `where`, mean over the classes of truth with 30 voxels there."""
    occupied, free = semantics < FREE, semantics == FREE
    real = truth < FREE
    ious = []
    for number in range(FREE):
        of, said = (truth == number) & where, (semantics == number) & where
        if int(of.sum()) >= 30:
            ious.append(float((of & said).sum() / (of | said).sum()))
    return Scores(
        int(occupied.sum()),
        float((occupied & real).sum() / occupied.sum()),
        float((semantics == truth)[occupied & real].double().mean()),
        sum(ious) / len(ious),
        float((truth == FREE)[free].double().mean()),
    )


@pytest.fixture(scope="module")
def voted(street):
    """Of each keyframe: its pose, its true labels, its voted sweeps."""
    reader = NuScenesReader(street.root)
    scene = reader.scenes[0].name
    sweeps = [record for record in reader.records(scene) if record.sensor == LIDAR]
    keyframes = []
    for sample in reader.samples(scene):
        frame = reader.frame(sample.token)
        masks = {name: street.segmenter.segment(image.image) for name, image in frame.cameras.items()}
        key = vote(frame.lidar, frame.cameras, masks)
        near = [r for r in sweeps if 0 < abs(r.stamp_ns - frame.stamp_ns) <= 2e8]
        all_voted = [key, *(vote(read_sweep(r), frame.cameras, masks, None, key) for r in near)]
        truth = read_labels(labels_path(street.root, scene, sample.token)).semantics
        keyframes.append((frame.lidar.map_from_ego, truth, all_voted))
    return keyframes


def label_middle(voted, pose=None) -> torch.Tensor:
    others = [each for number in (0, 2) for each in voted[number][2]]
    return aggregate(se3.invert(voted[1][0] if pose is None else pose), voted[1][2], others)


def hit_by(voted_sweep: VotedSweep, grid_from_map: torch.Tensor) -> torch.Tensor:
    """Voxels in which returns of a sweep end."""
    mask = torch.zeros(OCC3D_GRID.num_voxels, dtype=torch.bool)
    ends = se3.transform_points(grid_from_map, voted_sweep.rays.ends[voted_sweep.ray])
    mask[OCC3D_GRID.flatten(OCC3D_GRID.indices(ends)[0])] = True
    return mask.reshape(OCC3D_GRID.shape)


def test_with_true_masks_the_street_is_labelled_truly(voted) -> None:
    pose, truth, own = voted[1]
    alone = aggregate(se3.invert(pose), own[:1], [])
    together = label_middle(voted)
    where = hit_by(own[0], se3.invert(pose))
    one, all_of_them = score(alone, truth, where), score(together, truth, where)
    print(one, all_of_them, sep="\n")
    assert one.precision > 0.97 and one.class_accuracy > 0.94 and one.free_precision > 0.97
    assert all_of_them.precision > 0.93 and all_of_them.class_accuracy > 0.93 and all_of_them.free_precision > 0.97
    assert all_of_them.iou > 0.85
    assert all_of_them.occupied > 2.5 * one.occupied, "aggregation makes it denser"


def test_wrong_ego_motion_between_frames_shows_in_the_labels(voted) -> None:
    _, truth, own = voted[1]
    right = label_middle(voted)
    others = [each for number in (0, 2) for each in voted[number][2]]
    fixed = voted[1][0] @ se3.invert(voted[0][0])
    stuck = [dataclasses.replace(each, rays=moved(each.rays, fixed)) for each in others]
    wrong = aggregate(se3.invert(voted[1][0]), own, stuck)
    where = truth < FREE
    good, bad = score(right, truth, where), score(wrong, truth, where)
    print(good, bad, sep="\n")
    assert 1 - bad.precision > 1.5 * (1 - good.precision)


def moved(rays: Rays, transform: torch.Tensor) -> Rays:
    """The rays as they lie in the map if the car is taken to have stood still."""
    origin = se3.transform_points(transform, rays.origin[None])[0]
    return dataclasses.replace(rays, origin=origin, ends=se3.transform_points(transform, rays.ends))
