"""The model as a whole: shapes, axes, cameras, scores, size."""

import itertools
import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from tiny_ago import GRID, SIZE, cameras, tiny_config, tiny_model

from ago_ros.occupancy.ago.backbone import DEVIATION, MEAN, ImageBackbone
from ago_ros.occupancy.ago.checkpoint import load_ago, save_ago
from ago_ros.occupancy.ago.config import AgoConfig, BackboneConfig, read_ago_config
from ago_ros.occupancy.ago.model import AgoModel
from ago_ros.occupancy.ago.voxel_head import VoxelHead
from ago_ros.settings import build
from ago_ros.vlm.loading import ModelError, load_own_tower
from ago_ros.vlm.small import Calibration, save_small
from ago_ros.vlm.tower import ImageTower, TowerConfig

CONFIGS = Path(__file__).parents[3] / "config" / "ago"


def head(shape=(5, 7, 3)):
    torch.manual_seed(1)
    return VoxelHead(shape, dim=6, hidden=8, text_dim=10)


def random_planes(shape=(5, 7, 3), batch=2):
    torch.manual_seed(2)
    return [torch.randn(batch, 6, shape[row], shape[column]) for row, column in ((0, 1), (2, 0), (1, 2))]


def test_voxels_are_the_sum_of_their_three_cells():
    """Against the formula, voxel by voxel; an axis swapped anywhere fails, as 5 ≠ 7 ≠ 3."""
    layer, (xy, zx, yz) = head(), random_planes()
    result = layer.decode(layer.hidden(layer.spread([xy, zx, yz])))
    assert result.shape == (2, 5, 7, 3, 10)
    for b, x, y, z in itertools.product(range(2), range(5), range(7), range(3)):
        total = xy[b, :, x, y] + zx[b, :, z, x] + yz[b, :, y, z]
        expected = layer.decoder(layer.second(torch.nn.functional.softplus(layer.first(total))))
        torch.testing.assert_close(result[b, x, y, z], expected, atol=1e-5, rtol=1e-5)


def test_some_voxels_are_like_all_voxels():
    layer = head()
    spread = layer.spread(random_planes())
    voxels = torch.tensor([[0, 4, 6, 2], [1, 0, 3, 1], [1, 4, 0, 0], [0, 4, 6, 2]])
    expected = layer.hidden(spread)[tuple(voxels.T)]
    torch.testing.assert_close(layer.hidden_at(spread, voxels), expected)


def test_scores_are_dot_products_with_the_features():
    layer = head()
    hidden = layer.hidden(layer.spread(random_planes()))
    embeddings = torch.randn(4, 10)
    torch.testing.assert_close(
        layer.score(hidden, embeddings), layer.decode(hidden) @ embeddings.T, atol=1e-5, rtol=1e-5
    )


def test_occupied_is_where_a_category_beats_free():
    layer = head()
    spread = layer.spread(random_planes())
    features = layer.decode(layer.hidden(spread))
    known, free = torch.randn(3, 10), torch.randn(10)
    middle = ((features @ known.T).amax(dim=-1) - features @ free).median()
    with torch.no_grad():
        free += middle * features.mean(dim=(0, 1, 2, 3)) / features.mean(dim=(0, 1, 2, 3)).square().sum()
    expected = (features @ known.T).amax(dim=-1) > features @ free
    assert torch.equal(layer.occupied(spread, known, free), expected)
    assert 0 < expected.float().mean() < 1


def test_coarse_planes_keep_their_place():
    """Interpolation by 2: fine cell i lies between coarse cells, a quarter from the nearer one."""
    layer = head((4, 6, 2))
    planes = [torch.zeros(1, 6, rows, columns) for rows, columns in ((2, 3), (1, 2), (3, 1))]
    planes[0][0, :, :, :] = torch.tensor([[0.0, 4.0, 8.0], [16.0, 20.0, 24.0]])
    with torch.no_grad():
        layer.first.weight.copy_(torch.eye(8, 6))
        layer.first.bias.zero_()
    wide = layer.spread(planes)[0][0, :, :, 0]
    torch.testing.assert_close(wide[0], torch.tensor([0.0, 1, 3, 5, 7, 8]))
    torch.testing.assert_close(wide[:, 0], torch.tensor([0.0, 4, 12, 16]))


@pytest.mark.parametrize(("count", "size"), [(1, SIZE), (3, (40, 72)), (7, (33, 47))])
@torch.no_grad()
def test_any_number_of_cameras_and_any_size(count, size):
    yaws = [[0.3 + 0.8 * i for i in range(count)], [1.0 + 0.7 * i for i in range(count)]]
    features, adapted = tiny_model()(*cameras(yaws, size=size))
    assert features.shape == adapted.shape == (2, *GRID.shape, 24)
    assert torch.isfinite(features).all() and torch.isfinite(adapted).all()
    assert not torch.allclose(features, adapted)


@torch.no_grad()
def test_a_sample_does_not_depend_on_its_batch():
    model = tiny_model()
    images, poses, matrices = cameras([[0.0, 1.5], [3.0, -1.2]])
    together, _ = model(images, poses, matrices)
    for sample in (0, 1):
        alone, _ = model(images[sample][None], poses[sample][None], matrices[sample][None])
        torch.testing.assert_close(together[sample], alone[0], atol=1e-4, rtol=1e-4)
    assert not torch.allclose(together[0], together[1])


@torch.no_grad()
def test_missing_cameras_are_like_absent_ones():
    model = tiny_model()
    images, poses, matrices = cameras([[0.0, 1.5, 3.0], [0.4, 2.2, -1.5]])
    valid = torch.tensor([[True, False, True], [False, True, True]])
    images[~valid] = float("nan")
    result, _ = model(images, poses, matrices, valid)
    for sample in (0, 1):
        keep = valid[sample]
        alone, _ = model(images[sample, keep][None], poses[sample, keep][None], matrices[sample, keep][None])
        torch.testing.assert_close(result[sample], alone[0], atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_order_of_cameras_does_not_matter():
    model = tiny_model()
    inputs = cameras([[0.0, 1.5, 3.0]])
    result, _ = model(*inputs)
    turned, _ = model(*(tensor.flip(1) for tensor in inputs))
    torch.testing.assert_close(result, turned, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_an_image_changes_what_lies_in_its_view():
    """A camera at the origin that looks along +x (or +y) moves the features there, and hardly those behind it."""
    model = tiny_model(self_layers=0, hybrid_points=2)
    for layer in model.encoder.layers:
        for out in layer.between.out:
            out.weight.zero_()
    for yaw, axis in ((0.0, 0), (torch.pi / 2, 1)):
        images, poses, matrices = cameras([[yaw]])
        first = model.encode_planes(images, poses, matrices)[0]
        second = model.encode_planes(images.flip(-1) * 2, poses, matrices)[0]
        changed = (first - second).abs().amax(dim=-1)[0]
        ahead, behind = (part.mean() for part in changed.tensor_split(2, dim=axis)[::-1])
        assert ahead > 10 * behind.clamp(min=1e-4)


def test_no_image_at_all_is_an_error():
    images, poses, matrices = cameras([[0.0]])
    with pytest.raises(ValueError, match="no camera has an image"):
        tiny_model()(images, poses, matrices, torch.zeros(1, 1, dtype=torch.bool))
    with pytest.raises(ValueError, match="poses"):
        tiny_model()(images, poses[:, :, :3], matrices)


def test_checkpointing_changes_no_gradient():
    inputs = cameras([[0.0, 1.5]])
    gradients = []
    for checkpointing in (False, True):
        model = tiny_model()
        model.backbone.eval()
        model.encoder.train()
        model.checkpointing = checkpointing
        model(*inputs)[1].square().mean().backward()
        gradients.append({name: weight.grad for name, weight in model.named_parameters()})
    for name, gradient in gradients[0].items():
        if gradient is None:
            assert gradients[1][name] is None and name in {"free"}
        else:
            torch.testing.assert_close(gradients[1][name], gradient, atol=1e-6, rtol=1e-4)


def test_every_weight_learns():
    model = tiny_model().train()
    features, adapted = model(*cameras([[0.0, 1.5, 3.0]]))
    (features.square().mean() + adapted.square().mean() + (features @ model.free).mean()).backward()
    still = [
        name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.abs().max() > 0
    ]
    assert still == []


def test_bfloat16_is_close():
    model, inputs = tiny_model(), cameras([[0.0, 1.5]])
    with torch.no_grad():
        exact, _ = model(*inputs)
        with torch.autocast("cpu", torch.bfloat16):
            rough, _ = model(*inputs)
    assert torch.nn.functional.cosine_similarity(exact, rough.float(), dim=-1).mean() > 0.99


def test_size_of_the_papers_model():
    with torch.device("meta"):
        model = AgoModel(read_ago_config(CONFIGS / "paper.yaml"))
    assert abs(model.count_parameters() - 62.5e6) < 0.3e6
    assert model.config == AgoConfig()


def test_size_of_tiny():
    model = AgoModel(read_ago_config(CONFIGS / "tiny.yaml"))
    assert 2 * sum(value.numel() for value in model.state_dict().values()) < 15e6
    assert model.config.text_dim == 384
    assert model.config.grid.shape == (200, 200, 16)


def test_small_is_sound():
    with torch.device("meta"):
        AgoModel(read_ago_config(CONFIGS / "small.yaml"))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"dim": 20}, "multiple of 8"),
        ({"pillar_points": (3, 4, 8)}, "multiples of their anchors"),
        ({"cross_layers": 0}, "sees no image"),
        ({"dropout": 1.0}, "dropout"),
        ({"image_size": (0, 10)}, "image_size"),
    ],
)
def test_sizes_that_do_not_fit(changes, reason):
    with pytest.raises(ValueError, match=reason):
        tiny_config(**changes)


def test_backbone_sizes_that_do_not_fit():
    with pytest.raises(ValueError, match="bottleneck"):
        BackboneConfig(layer="basic")
    with pytest.raises(ValueError, match="stages"):
        BackboneConfig(stages=(5,))


def test_unknown_setting_is_named(tmp_path):
    path = tmp_path / "ago.yaml"
    path.write_text("dims: 64\n")
    with pytest.raises(ValueError, match="dims"):
        read_ago_config(path)


def test_config_survives_a_round_trip():
    assert build(AgoConfig, json.loads(json.dumps(asdict(tiny_config())))) == tiny_config()


BOTTLENECK = BackboneConfig(
    depths=(1, 1, 1), widths=(16, 32, 64), stem=8, stages=(2, 3), levels=3, deformable_stages=(3,)
)


def test_frozen_norms_stay_frozen():
    backbone = ImageBackbone(BOTTLENECK, 16).train()
    norms = [module for module in backbone.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    before = norms[0].running_mean.clone()
    maps = backbone(torch.randn(2, 3, 40, 56))
    assert [tuple(pixels.shape[1:]) for pixels in maps] == [(16, 5, 7), (16, 3, 4), (16, 2, 2)]
    assert torch.equal(norms[0].running_mean, before)
    assert not any(weight.requires_grad for norm in norms for weight in norm.parameters())


def test_pretrained_weights_enter_the_deformable_backbone(tmp_path):
    plain = ImageBackbone(replace(BOTTLENECK, deformable_stages=()), 16)
    plain.resnet.save_pretrained(tmp_path)
    backbone = ImageBackbone(BOTTLENECK, 16)
    backbone.load_pretrained(str(tmp_path))
    for key, value in plain.resnet.state_dict().items():
        assert torch.equal(backbone.resnet.state_dict()[key], value)
    with pytest.raises(ValueError, match="depths"):
        ImageBackbone(replace(BOTTLENECK, depths=(1, 2, 1)), 16).load_pretrained(str(tmp_path))
    with pytest.raises(ValueError, match="widths"):
        ImageBackbone(replace(BOTTLENECK, widths=(16, 32, 128)), 16).load_pretrained(str(tmp_path))


@pytest.fixture(scope="module")
def towers(tmp_path_factory) -> list[Path]:
    """Folders of two vision-language models."""
    folders = [tmp_path_factory.mktemp("tower") for _ in range(2)]
    for seed, folder in enumerate(folders):
        torch.manual_seed(seed)
        save_small(folder, ImageTower(TowerConfig(width=32, depth=1, heads=2, side=32)), Calibration(9.0, -3.0), 32)
    return folders


def test_a_frozen_tower_gives_its_own_patches_and_learns_nothing(towers):
    model = tiny_model(backbone=BackboneConfig(tower=str(towers[0]), levels=2)).train()
    tower = load_own_tower(towers[0])
    colours = torch.rand(2, 3, 48, 64)
    mean, deviation = (torch.tensor(values)[:, None, None] for values in (MEAN, DEVIATION))
    found = model.backbone.tower((colours - mean) / deviation)
    assert found.shape == (2, 32, 6, 8)
    assert torch.allclose(found, tower.patch_states((colours - 0.5) / 0.5), atol=1e-5)
    assert [tuple(pixels.shape) for pixels in model.backbone(colours)] == [(2, 16, 6, 8), (2, 16, 3, 4)]
    assert not any("tower" in name for name, _ in model.named_parameters())
    assert [name for name in model.state_dict() if "tower" in name] == ["backbone.tower.mark"]
    model.encode_planes(*cameras([[0.0, 2.0]]))[0].sum().backward()
    assert model.backbone.pyramid.lateral[0].weight.grad.abs().sum() > 0
    with pytest.raises(ValueError, match="has its weights"):
        model.backbone.load_pretrained(str(towers[0]))
    with pytest.raises(ValueError, match="multiples of 8"):
        model.backbone(colours[..., :-1])


def test_a_model_on_a_tower_loads_with_that_tower_alone(towers, tmp_path):
    model = tiny_model(backbone=BackboneConfig(tower=str(towers[0]), levels=2))
    model.set_categories({"car": ("car",)}, torch.randn(1, 24))
    save_ago(model, tmp_path, torch.float32)
    images = cameras([[0.0, 2.0]])
    for mine, read in zip(model.encode_planes(*images), load_ago(tmp_path).encode_planes(*images), strict=True):
        assert torch.equal(mine, read)
    settings = json.loads((tmp_path / "ago_model.json").read_text())
    settings["model"]["backbone"]["tower"] = str(towers[1])
    (tmp_path / "ago_model.json").write_text(json.dumps(settings))
    with pytest.raises(ModelError, match="not the one that it was trained on"):
        load_ago(tmp_path)
    other = tiny_model(backbone=BackboneConfig(tower=str(towers[1]), levels=2))
    with pytest.raises(ValueError, match="not the one that it was trained on"):
        other.load_state_dict(tiny_model(backbone=BackboneConfig(tower=str(towers[0]), levels=2)).state_dict())
    settings["model"]["backbone"]["tower"] = str(tmp_path / "none")
    (tmp_path / "ago_model.json").write_text(json.dumps(settings))
    with pytest.raises(ModelError, match="train it anew with `ago train vlm`"):
        load_ago(tmp_path)
