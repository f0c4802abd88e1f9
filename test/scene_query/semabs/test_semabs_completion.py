"""complete_objects by a network: what it adds, to which phrase, and what it leaves as the sensors saw it."""

import pytest
import torch
from learned_scenes import SURE, NamedModel, block, geometric_fields, make_scene, street

from ago_ros.scene.encoding import VoxelState
from ago_ros.scene.semantic_grid import LABEL_FREE, LABEL_UNOBSERVED
from ago_ros.scene.threads import single_thread
from ago_ros.scene_query.objects import complete
from ago_ros.vlm.vocabulary import make_vocabulary

GRID = street()
FRONT = block((28, 18, 1), (29, 21, 4))
"""The near face of a box, 16 m ahead; what is behind it was not seen."""
MODEL = NamedModel(["box", "mug"])
VOCABULARY = make_vocabulary(["box", "mug"], MODEL)


@pytest.fixture(autouse=True)
def one_thread():
    with single_thread():
        yield


def half_seen(**things: torch.Tensor):
    hidden = torch.zeros(GRID.shape, dtype=torch.bool)
    hidden[29:] = True
    return make_scene(GRID, (0.0, 0.0, 0.5), {"box": FRONT, **things}, hidden)[0]


def test_a_network_adds_the_unseen_part_with_its_probability() -> None:
    encoding, fields = half_seen(), geometric_fields(ball=0.25)
    grid, (region,) = complete(encoding, VOCABULARY, ["box"], MODEL, fields=fields)
    added = (grid.labels == 0) & (encoding.state == VoxelState.UNOBSERVED)
    middle = GRID.centers(FRONT).mean(dim=0)
    distance = (GRID.centers() - middle).norm(dim=-1)
    logits = fields.completions(encoding, {"box": FRONT})["box"]
    assert int(added.sum()) > 10 and float(distance[added].max()) < 0.25 * 20 + 4, "a ball of 5 m, and two cells"
    assert torch.equal(added, (logits > 0) & (encoding.state == VoxelState.UNOBSERVED))
    torch.testing.assert_close(grid.confidence[added], torch.sigmoid(logits[added]))
    assert float(grid.confidence[added].max()) == pytest.approx(float(torch.sigmoid(torch.tensor(SURE))), abs=0.05)
    seen = tuple(FRONT.T)
    assert (grid.labels[seen] == 0).all() and float(grid.confidence[seen].min()) > 0.9
    assert (grid.labels[encoding.state == VoxelState.FREE] == LABEL_FREE).all()
    assert (grid.labels[distance > 8] != 0).all()
    assert (
        region.phrase == "box"
        and region.extent[0] > 4
        and region.hidden == pytest.approx(int(added.sum()) / (int(added.sum()) + len(FRONT)), abs=1e-5)
    )


def test_a_voxel_goes_to_the_phrase_that_is_surest_there() -> None:
    beside = block((28, 23, 1), (29, 26, 4))
    encoding = half_seen(mug=beside)
    grid, regions = complete(encoding, VOCABULARY, ["box", "mug"], MODEL, fields=geometric_fields(ball=0.3))
    left = GRID.centers()[..., 1] - GRID.centers(torch.cat([FRONT, beside])).mean(dim=0)[1]
    unseen = encoding.state == VoxelState.UNOBSERVED
    assert bool((unseen & (grid.labels == 0)).any()) and bool((unseen & (grid.labels == 1)).any())
    assert (
        float(left[unseen & (grid.labels == 0)].max()) < 1.0 and float(left[unseen & (grid.labels == 1)].min()) > -1.0
    )
    assert {region.phrase for region in regions} == {"box", "mug"}


def test_what_touches_nothing_seen_is_no_completion() -> None:
    encoding, fields = half_seen(), geometric_fields()
    fields.network.complete = lambda volumes, queries: torch.where(queries[:, 0] > 0.5, SURE, -SURE)[None]
    grid, (region,) = complete(encoding, VOCABULARY, ["box"], MODEL, fields=fields)
    assert set(grid.labels[29:].unique().tolist()) == {LABEL_UNOBSERVED}
    assert region.hidden == 0.0 and int((grid.labels == 0).sum()) == len(FRONT)


def test_a_phrase_that_is_not_seen_has_no_object() -> None:
    grid, regions = complete(half_seen(), VOCABULARY, ["mug"], MODEL, fields=geometric_fields())
    assert regions == () and not (grid.labels == 0).any()
