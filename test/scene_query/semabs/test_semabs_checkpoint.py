"""Checkpoints of the published layout: every name and shape, and the answers against a computation of its own."""

import numpy as np
import pytest
import torch
from scipy.ndimage import map_coordinates
from torch.nn import functional

from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.scene_query.query import RELATIONS
from ago_ros.scene_query.semabs.checkpoint import load_released
from ago_ros.scene_query.semabs.files import SemAbsFileError, load_semabs, save_semabs
from ago_ros.scene_query.semabs.points import RelevancyPoints

WIDTHS = (8, 16, 24)
CHANNELS, POINT_WIDTH, POINTING = 8, 12, 10
GRID = VoxelGrid((-1.0, -1.0, -0.1), 0.25, (8, 6, 4))
THEIR_RELATIONS = ("in", "behind", "in front of", "on the left of", "on the right of", "on", "[pad]")


def completion_shapes() -> dict[str, tuple[int, ...]]:
    """Names and shapes of a completion network, as published."""
    shapes: dict[str, tuple[int, ...]] = {"steps": (1,)}
    for layer, (a, b) in zip(("0", "2", "4"), ((4, POINT_WIDTH), (POINT_WIDTH, POINT_WIDTH), (POINT_WIDTH, CHANNELS))):
        shapes |= {f"pts_feat_extractor.{layer}.weight": (b, a), f"pts_feat_extractor.{layer}.bias": (b,)}

    def block(name: str, a: int, b: int) -> None:
        for convolution, before in (("conv1", a), ("conv2", b), ("conv3", b)):
            start = f"vol_feature_extractor.{name}.basic_module.{convolution}"
            shapes[f"{start}.groupnorm.weight"] = shapes[f"{start}.groupnorm.bias"] = (before,)
            shapes[f"{start}.conv.weight"] = (b, before, 3, 3, 3)

    for level, (a, b) in enumerate(zip((CHANNELS, *WIDTHS[:-1]), WIDTHS)):
        block(f"encoders.{level}", a, b)
    for level, (a, b) in enumerate(zip(WIDTHS[:0:-1], WIDTHS[-2::-1])):
        shapes[f"vol_feature_extractor.decoders.{level}.upsampling.upsample.weight"] = (a, b, 3, 3, 3)
        shapes[f"vol_feature_extractor.decoders.{level}.upsampling.upsample.bias"] = (b,)
        block(f"decoders.{level}", b, b)
    shapes["vol_feature_extractor.final_conv.weight"] = (CHANNELS, WIDTHS[0], 1, 1, 1)
    shapes["vol_feature_extractor.final_conv.bias"] = (CHANNELS,)
    return shapes | head_shapes("visual_sampler", CHANNELS, 1)


def head_shapes(name: str, channels: int, outputs: int) -> dict[str, tuple[int, ...]]:
    return {
        f"{name}.mlp.0.weight": (channels, channels + 3),
        f"{name}.mlp.0.bias": (channels,),
        f"{name}.mlp.2.weight": (outputs, channels),
        f"{name}.mlp.2.bias": (outputs,),
    }


def localisation_shapes() -> dict[str, tuple[int, ...]]:
    """Names and shapes of a localisation network, as published."""
    shapes = {"steps": (1,)} | {f"completion_net.{name}": shape for name, shape in completion_shapes().items()}
    shapes |= head_shapes("spatial_sampler", 2 * CHANNELS, POINTING)
    return shapes | {f"relation_embeddings.{name}": (POINTING,) for name in THEIR_RELATIONS}


def draw(shapes: dict[str, tuple[int, ...]]) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    scale = {name: 1.5 / max(1, int(np.prod(shape[1:]))) ** 0.5 for name, shape in shapes.items()}
    return {name: scale[name] * torch.randn(shape, generator=generator) for name, shape in shapes.items()}


def write(path, weights, start: str = "module."):
    torch.save({"net": {start + name: value for name, value in weights.items()}, "optimizer": {}, "epochs": 3}, path)
    return path


def their_volume(w: dict[str, torch.Tensor], points: torch.Tensor, relevancy: torch.Tensor) -> torch.Tensor:
    """The published computation up to the volume, written anew: (1, D, X, Y, Z)."""
    size, low, high = np.array(GRID.shape), np.array(GRID.origin), np.array(GRID.upper)
    x = torch.cat([points, 50 * relevancy[:, None]], dim=1)
    for layer in (0, 2, 4):
        x = functional.linear(x, w[f"pts_feat_extractor.{layer}.weight"], w[f"pts_feat_extractor.{layer}.bias"])
        x = x if layer == 4 else functional.leaky_relu(x)
    gathered: dict[tuple[int, ...], list[torch.Tensor]] = {}
    for point, row in zip(points.numpy(), x, strict=True):
        gathered.setdefault(tuple(((point - low) / (high - low) * (size - 1)).astype(int)), []).append(row)
    volume = torch.zeros(1, CHANNELS, *GRID.shape)
    for voxel, rows in gathered.items():
        volume[(0, slice(None), *voxel)] = torch.stack(rows).mean(dim=0)

    def convolve(name: str, v: torch.Tensor) -> torch.Tensor:
        start = f"vol_feature_extractor.{name}"
        v = functional.group_norm(v, 8, w[f"{start}.groupnorm.weight"], w[f"{start}.groupnorm.bias"])
        return functional.conv3d(v, w[f"{start}.conv.weight"], padding=1)

    def block(name: str, v: torch.Tensor) -> torch.Tensor:
        kept = functional.relu(convolve(f"{name}.basic_module.conv1", v))
        inner = functional.relu(convolve(f"{name}.basic_module.conv2", kept))
        return functional.relu(convolve(f"{name}.basic_module.conv3", inner) + kept)

    first = block("encoders.0", volume)
    second = block("encoders.1", functional.max_pool3d(first, 2))
    v = block("encoders.2", functional.max_pool3d(second, 2, ceil_mode=True))
    for level, beside in enumerate((second, first)):
        start = f"vol_feature_extractor.decoders.{level}"
        weight, bias = w[f"{start}.upsampling.upsample.weight"], w[f"{start}.upsampling.upsample.bias"]
        spare = [n - (2 * m - 1) for n, m in zip(beside.shape[2:], v.shape[2:])]
        v = block(f"decoders.{level}", functional.conv_transpose3d(v, weight, bias, 2, 1, spare) + beside)
    start = "vol_feature_extractor.final_conv"
    return functional.conv3d(v, w[f"{start}.weight"], w[f"{start}.bias"])


def their_head(w: dict[str, torch.Tensor], name: str, volume: torch.Tensor, queries: torch.Tensor) -> torch.Tensor:
    """The published reading of a volume, written anew: (Q, outputs)."""
    size, low, high = np.array(GRID.shape), np.array(GRID.origin), np.array(GRID.upper)
    share = (queries.numpy() - low) / (high - low) * (size - 1) / size
    places = share[:, ::-1].T * (size - 1)[:, None]
    read = [map_coordinates(channel.double().numpy(), places, order=1, mode="nearest") for channel in volume[0]]
    x = torch.from_numpy(np.concatenate([np.array(read).T, 2 * share - 1], axis=1)).float()
    x = functional.leaky_relu(functional.linear(x, w[f"{name}.mlp.0.weight"], w[f"{name}.mlp.0.bias"]))
    return functional.linear(x, w[f"{name}.mlp.2.weight"], w[f"{name}.mlp.2.bias"])


def scene() -> tuple[RelevancyPoints, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    low, high = torch.tensor(GRID.origin), torch.tensor(GRID.upper)
    points = low + torch.rand(300, 3, generator=generator) * (high - low) * 0.999
    queries = low + torch.rand(50, 3, generator=generator) * (high - low) * 0.999
    return RelevancyPoints(points, 0.02 * torch.randn(2, 300, generator=generator)), queries


@pytest.mark.parametrize("start", ["module.", ""])
def test_a_completion_checkpoint_answers_as_the_published_code_would(tmp_path, start):
    weights = draw(completion_shapes())
    network = load_released(write(tmp_path / "ovssc.pth", weights, start))
    assert network.config.heads == ("complete",)
    assert network.config.encoder.widths == WIDTHS
    points, queries = scene()
    with torch.no_grad():
        found = network.complete(network.encode([points], GRID), queries)
    for row, relevancy in enumerate(points.relevancy):
        volume = their_volume(weights, points.points, relevancy)
        expected = their_head(weights, "visual_sampler", volume, queries)[:, 0]
        assert float(expected.std()) > 0.05
        assert torch.allclose(found[row], expected, atol=1e-3)


def test_a_localisation_checkpoint_answers_as_the_published_code_would(tmp_path):
    weights = draw(localisation_shapes())
    network = load_released(write(tmp_path / "vool.pth", weights))
    assert (network.config.heads, network.config.relation_width) == (("locate",), POINTING)
    points, queries = scene()
    with torch.no_grad():
        volumes = network.encode([points], GRID)
        six = [0] * len(RELATIONS), [1] * len(RELATIONS)
        found = network.locate(volumes.pick(six[0]), volumes.pick(six[1]), RELATIONS, queries)
    inner = {name.removeprefix("completion_net."): value for name, value in weights.items()}
    both = torch.cat([their_volume(inner, points.points, relevancy) for relevancy in points.relevancy], dim=1)
    features = their_head(weights, "spatial_sampler", both, queries)
    theirs = ("in", "on", "behind", "in front of", "on the left of", "on the right of")
    for row, name in enumerate(theirs):
        wanted = weights[f"relation_embeddings.{name}"][None]
        expected = functional.cosine_similarity(features, wanted, dim=1) / 0.07
        assert torch.allclose(found[row], expected, atol=0.02)


def test_the_traps_are_used_for_released_weights_alone(tmp_path):
    """The same weights, laid out as the paper says, answer otherwise; saving and loading keeps the flag."""
    network = load_released(write(tmp_path / "ovssc.pth", draw(completion_shapes())))
    assert network.config.released
    points, queries = scene()
    save_semabs(tmp_path / "ours", network, torch.float32)
    again = load_semabs(tmp_path / "ours")
    with torch.no_grad():
        released = network.complete(network.encode([points], GRID), queries)
        assert torch.equal(again.complete(again.encode([points], GRID), queries), released)
        text = (tmp_path / "ours" / "semabs.json").read_text()
        (tmp_path / "ours" / "semabs.json").write_text(text.replace('"released": true', '"released": false'))
        aligned = load_semabs(tmp_path / "ours")
        assert not torch.allclose(aligned.complete(aligned.encode([points], GRID), queries), released, atol=0.05)


def test_what_is_no_checkpoint_is_told_in_one_line(tmp_path):
    weights = draw(localisation_shapes())
    without = {name: value for name, value in weights.items() if name != "relation_embeddings.on"}
    lacking = {name: value for name, value in weights.items() if "encoders.1.basic_module.conv2" not in name}
    torch.save({"model": {}}, tmp_path / "other.pth")
    (tmp_path / "text.pth").write_text("hello")
    cases = {
        tmp_path / "absent.pth": "no such file",
        tmp_path / "text.pth": "not a PyTorch checkpoint",
        tmp_path / "other.pth": "holds no 'net'",
        write(tmp_path / "a.pth", without): "'on' is missing or not known",
        write(tmp_path / "b.pth", weights | {"tsdf.weight": torch.zeros(1)}): "'tsdf.weight' is missing or not known",
        write(tmp_path / "c.pth", lacking): "do not make up a SemAbs network",
        write(tmp_path / "d.pth", {}): "is missing or not known",
    }
    for path, message in cases.items():
        with pytest.raises(SemAbsFileError, match=message) as caught:
            load_released(path)
        assert str(caught.value).startswith(str(path))
        assert "\n" not in str(caught.value)
