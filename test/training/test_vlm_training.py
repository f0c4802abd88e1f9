"""Training of the vision-language model: phrases, crops, loss, calibration against plain loops; a toy world."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, normalize

from ago_ros.cli.options import find_config
from ago_ros.datasets.captioned_views.store import CaptionedView, RegionText, write_shard
from ago_ros.training.loop import LoopConfig
from ago_ros.training.vlm.calibration import collect_cosines, fit_calibration
from ago_ros.training.vlm.config import DataConfig, VlmTrainingConfig, read_config
from ago_ros.training.vlm.crops import CropConfig, CropSampler, CropShape
from ago_ros.training.vlm.objective import ContrastiveModel, _name_loss, contrastive_loss
from ago_ros.training.vlm.phrases import PhraseBank, make_phrase_bank
from ago_ros.training.vlm.train import Ahead, train_vlm
from ago_ros.vlm.regions import encode_regions
from ago_ros.vlm.small import Calibration
from ago_ros.vlm.tower import ImageTower, TowerConfig

TOWER = TowerConfig(stem=(8, 16, 16), stem_blocks=(0, 0, 1), width=32, depth=2, heads=2, side=32, dim=24)
RED, BLUE = RegionText("brick", ("brick", "red thing")), RegionText("lake", ("lake", "blue thing"))
GREEN, NOBODY = RegionText("lawn", ("lawn",)), RegionText("secret", ())
SHAPES = (CropShape(32, 32, 6, 0.7), CropShape(32, 48, 4, 0.3))


class _Letters:
    """A text tower: counts letters."""

    name = "letters"
    dim = 24

    def encode_text(self, phrases) -> Tensor:
        counts = torch.tensor([[float(phrase.count(chr(97 + i))) for i in range(24)] for phrase in phrases])
        return normalize(counts + 0.01, dim=-1)


def _toy_view(seed: int) -> CaptionedView:
    """Squares of three colours on grey; a fourth, white, has no phrase."""
    rng = np.random.default_rng(seed)
    image = np.full((64, 96, 3), 110) + rng.integers(-8, 8, (64, 96, 3))
    regions = np.zeros((64, 96), dtype=np.uint8)
    colours = [(200, 30, 30), (30, 30, 200), (30, 170, 30), (240, 240, 240)]
    for number, place in enumerate(rng.permutation(6)[:4]):
        top, left = 32 * (place // 3) + rng.integers(0, 8), 32 * (place % 3) + rng.integers(0, 8)
        image[top : top + 24, left : left + 24] = np.array(colours[number]) + rng.integers(-8, 8, (24, 24, 3))
        regions[top : top + 24, left : left + 24] = number + 1
    return CaptionedView(image.clip(0, 255).astype(np.uint8), regions, (RED, BLUE, GREEN, NOBODY))


@pytest.fixture(scope="module")
def views() -> list[CaptionedView]:
    return [_toy_view(seed) for seed in range(12)]


@pytest.fixture(scope="module")
def bank(views) -> PhraseBank:
    return make_phrase_bank((text for view in views for text in view.texts), _Letters())


def test_the_bank_knows_what_is_true_of_what(bank):
    assert set(bank.phrases) == {"brick", "red thing", "lake", "blue thing", "lawn"}
    assert NOBODY not in bank.kinds
    for text, row in bank.kinds.items():
        assert {bank.phrases[i] for i in bank.truth[row].nonzero().flatten().tolist()} == set(text.phrases)
    assert torch.allclose(bank.prior.sigmoid(), torch.full((5,), 1 / 3), atol=1e-5)


def test_wordings_are_the_templates_and_their_mean(bank):
    assert bank.embeddings.shape == (4, 5, 24)
    assert torch.allclose(bank.embeddings[0], _Letters().encode_text(bank.phrases))
    assert torch.allclose(bank.embeddings[3], normalize(bank.embeddings[:3].mean(dim=0), dim=-1), atol=1e-6)


def test_a_draw_has_all_names_and_some_of_the_other_phrases_each_in_one_wording():
    texts = [RegionText("brick", ("brick", "block", f"{look} brick")) for look in ("red", "pale", "wet")]
    bank = make_phrase_bank([*texts, BLUE, BLUE], _Letters())
    assert {p for p, plain in zip(bank.phrases, bank.plain) if plain} == {"brick", "block", "lake", "blue thing"}
    names = {bank.phrases[k] for k in bank.name[bank.name >= 0].tolist()}
    drawn = bank.draw(1, 2, torch.Generator().manual_seed(0))
    count = len(names)
    assert set(drawn.phrases[:count]) == names == {"brick", "lake"}
    assert drawn.phrases[count] in {"block", "blue thing"}
    assert not any(drawn.plain[count + 1 :])
    assert len(set(drawn.phrases)) == count + 3
    assert drawn.embeddings.shape == (1, count + 3, 24)
    for k, phrase in enumerate(drawn.phrases):
        old = bank.phrases.index(phrase)
        assert torch.equal(drawn.truth[:, k], bank.truth[:, old])
        assert drawn.prior[k] == bank.prior[old]
        assert drawn.plain[k] == bank.plain[old]
        assert any(torch.equal(drawn.embeddings[0, k], wording[old]) for wording in bank.embeddings)
    assert set(bank.draw(99, 99, torch.Generator()).phrases) == set(bank.phrases)


def test_rare_names_weigh_more():
    texts = [RED] * 16 + [BLUE] * 4
    bank = make_phrase_bank(texts, _Letters())
    red, blue = bank.weight[bank.kinds[RED]], bank.weight[bank.kinds[BLUE]]
    assert blue / red == pytest.approx(2.0)
    assert (16 * red + 4 * blue) / 20 == pytest.approx(1.0)


def test_crops_are_told_what_they_show(views, bank):
    """Against a plain reading of the crops' own colours."""
    config = CropConfig(SHAPES, regions=4, patches=5, colour_jitter=0.0, recolour_share=0.0)
    sampler = CropSampler({"rooms": views}, bank, config, patch=8)
    channel = {bank.kinds[RED]: 0, bank.kinds[BLUE]: 2, bank.kinds[GREEN]: 1}
    regions = patches = 0
    for seed in range(6):
        batch = sampler.draw(np.random.default_rng(seed))
        pixels = (batch.pixels + 1) * 127.5
        cells = torch.nn.functional.unfold(pixels, 8, stride=8).unflatten(1, (3, 64)).mean(dim=2)
        for b in range(len(pixels)):
            for r in (batch.region_kind[b] >= 0).nonzero().flatten().tolist():
                kind = int(batch.region_kind[b, r])
                full = cells[b][:, batch.region_cover[b, r] > 0.99]
                assert (full.argmax(dim=0) == channel[kind]).all()
                assert (full.max(dim=0).values - full.min(dim=0).values > 80).all()
                assert batch.region_cover[b, r].sum() >= config.min_cover
                regions += 1
            for s in (batch.patch_kind[b] >= 0).nonzero().flatten().tolist():
                colour = cells[b][:, batch.patch[b, s]]
                assert colour.argmax() == channel[int(batch.patch_kind[b, s])]
                patches += 1
        assert not (batch.present & ~batch.hinted).any()
    assert regions > 20
    assert patches > 50


def test_false_colours_keep_the_shapes_and_the_brightness(views, bank):
    plain, false = (
        CropSampler({"rooms": views}, bank, CropConfig(SHAPES, colour_jitter=0.0, recolour_share=share), patch=8)
        for share in (0.0, 1.0)
    )
    true, changed = (sampler.draw(np.random.default_rng(2)) for sampler in (plain, false))
    assert not true.recoloured.any()
    assert changed.recoloured.all()
    assert (changed.pixels.std(dim=1).mean(dim=(1, 2)) < 0.05).any(), "some are grey"
    bright = (changed.pixels + 1).mean(dim=(1, 2, 3))
    assert ((bright > 0.5) & (bright < 1.6)).all()


def test_the_same_seed_draws_the_same_crops(views, bank):
    sampler = CropSampler({"rooms": views}, bank, CropConfig(SHAPES), patch=8)
    one, two = (sampler.draw(np.random.default_rng(5)) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(vars(one).values(), vars(two).values(), strict=True))


def test_the_loss_is_the_plain_sum_over_pairs(views, bank):
    bank = replace(bank, plain=torch.tensor([True, False, True, True, False]))
    torch.manual_seed(0)
    model = ContrastiveModel(ImageTower(TOWER)).eval()
    batch = CropSampler({"rooms": views}, bank, CropConfig(SHAPES, regions=3, patches=2), patch=8).draw(
        np.random.default_rng(3)
    )
    batch = replace(batch, recoloured=torch.arange(len(batch.pixels)) % 2 == 0)
    phrases = model.tower.center(bank.embeddings[0])
    with torch.inference_mode():
        terms = contrastive_loss(model, batch, bank)
        tokens = model.encode(batch.pixels)
        region_sum = region_weight = crop_sum = name_sum = 0.0
        for b in range(len(tokens)):
            for r in range(3):
                kind = int(batch.region_kind[b, r])
                if kind < 0:
                    continue
                feature = sum(batch.region_cover[b, r, p] * tokens[b, 1 + p] for p in range(tokens.shape[1] - 1))
                for k in range(len(bank.phrases)):
                    if batch.recoloured[b] and not bank.plain[k]:
                        continue
                    logit = model.scale * torch.cosine_similarity(feature, phrases[k], dim=0) + model.bias[0]
                    truth = bank.truth[kind, k].float()
                    pair = binary_cross_entropy_with_logits(logit + bank.prior[k], truth)
                    region_sum += float(bank.weight[kind] * pair)
                region_weight += float(bank.weight[kind])
                logits = {
                    text.name: float(
                        model.scale * torch.cosine_similarity(feature, phrases[bank.phrases.index(text.name)], dim=0)
                        + model.bias[0]
                        + bank.prior[bank.phrases.index(text.name)]
                    )
                    for text in bank.kinds
                }
                own = next(text.name for text, number in bank.kinds.items() if number == kind)
                name_sum -= float(bank.weight[kind]) * math.log(
                    math.exp(logits[own]) / sum(math.exp(logit) for logit in logits.values())
                )
            for k in range(len(bank.phrases)):
                shown = any(batch.present[b, t] and bank.truth[t, k] for t in range(len(bank.kinds)))
                small = any(batch.hinted[b, t] and bank.truth[t, k] for t in range(len(bank.kinds)))
                if (small and not shown) or (batch.recoloured[b] and not bank.plain[k]):
                    continue
                logit = model.scale * torch.cosine_similarity(tokens[b, 0], phrases[k], dim=0) + model.bias[1]
                crop_sum += float(binary_cross_entropy_with_logits(logit + bank.prior[k], torch.tensor(float(shown))))
    assert float(terms["region"]) == pytest.approx(region_sum / region_weight, rel=1e-4)
    assert float(terms["crop"]) == pytest.approx(crop_sum / len(tokens), rel=1e-4)
    assert float(terms["name"]) == pytest.approx(name_sum / region_weight, rel=1e-4)
    parts = terms["region"] + 2 * terms["name"] + 0.5 * terms["patch"] + 0.15 * terms["crop"]
    assert float(terms["loss"]) == pytest.approx(float(parts), rel=1e-5)


def test_a_name_that_is_true_of_another_kind_is_no_wrong_choice_for_it():
    """A truck is a vehicle: with "vehicle" the name of others, it costs a truck nothing to look like one."""
    truck, other = RegionText("truck", ("truck", "vehicle")), RegionText("vehicle", ("vehicle",))
    bank = make_phrase_bank([truck, other, RED, BLUE], _Letters())
    model = ContrastiveModel(ImageTower(TOWER))
    phrases = model.tower.center(bank.embeddings[0])
    kind = torch.tensor([[bank.kinds[truck]]])
    names = [bank.phrases.index(name) for name in ("truck", "brick", "lake")]
    feature = phrases[bank.phrases.index("vehicle")]
    logits = model.scale * (phrases[names] @ feature) + bank.prior[names]
    loss = _name_loss(model, feature[None, None], kind, bank, phrases)
    assert float(loss) == pytest.approx(float(logits.logsumexp(0) - logits[0]), rel=1e-4)


def test_coarse_crops_are_smoother(views, bank):
    fine, coarse = (
        CropSampler(
            {"rooms": views}, bank, CropConfig(SHAPES, colour_jitter=0.0, recolour_share=0.0, coarse_share=share), 8
        ).draw(np.random.default_rng(2))
        for share in (0.0, 1.0)
    )
    steps = [batch.pixels.diff(dim=-1).abs().mean() for batch in (fine, coarse)]
    assert fine.pixels.shape == coarse.pixels.shape
    assert steps[1] < 0.8 * steps[0]


def test_worlds_give_crops_by_their_shares(views, bank):
    dark = [replace(view, image=np.zeros_like(view.image)) for view in views]
    config = CropConfig(SHAPES, colour_jitter=0.0, recolour_share=0.0, world_shares={"dark": 1, "rooms": 3})
    sampler = CropSampler({"rooms": views, "dark": dark}, bank, config, patch=8)
    drawn = [sampler.draw(np.random.default_rng(seed)).pixels.amax(dim=(1, 2, 3)) for seed in range(60)]
    assert (torch.cat(drawn) < -0.99).float().mean() == pytest.approx(0.25, abs=0.08)


@pytest.mark.parametrize(
    ("shares", "message"),
    [({"dork": 1.0}, "no views of dork: use some of rooms"), ({"rooms": 0.0}, "nor all be zero")],
)
def test_shares_of_no_world_are_told(views, bank, shares, message):
    with pytest.raises(ValueError, match=message):
        CropSampler({"rooms": views}, bank, CropConfig(SHAPES, world_shares=shares), patch=8)


def test_batches_drawn_ahead_are_those_asked_for():
    drawn = []

    def draw(step):
        drawn.append(step)
        return step

    with ThreadPoolExecutor(max_workers=1) as pool:
        ahead = Ahead(draw, pool)
        assert [ahead(step) for step in (4, 5, 6, 9, 10)] == [4, 5, 6, 9, 10]
    assert sorted(drawn) == [4, 5, 6, 7, 9, 10, 11]


def test_calibration_finds_the_scale_and_bias_that_made_the_data():
    generator = torch.Generator().manual_seed(0)
    cosines = torch.rand(200_000, generator=generator) * 1.2 - 0.4
    truths = torch.rand(200_000, generator=generator) < (12 * cosines - 5).sigmoid()
    fitted = fit_calibration(cosines, truths, Calibration(30.0, -10.0))
    assert fitted.logit_scale == pytest.approx(12, rel=0.03)
    assert fitted.logit_bias == pytest.approx(-5, rel=0.03)


def test_a_toy_world_is_learned_and_a_finished_training_is_taken_up(tmp_path, views):
    """After a minute's training the colours are named; run again, it trains no more and gives the same model."""
    for split in ("train", "validation"):
        write_shard(tmp_path / "data" / split / "drive" / "0.npz", views)
    config = VlmTrainingConfig(
        loop=LoopConfig(steps=80, learning_rate=3e-3, warmup=10, log_every=1),
        tower=TOWER,
        crops=CropConfig(SHAPES, regions=3, patches=4, recolour_share=0.0),
        data=DataConfig(1, 1, 0, 1, 0, 0, 0, 1),
        view_side=64,
    )
    model = train_vlm(config, tmp_path / "data", tmp_path / "out", _Letters())
    unseen = [_toy_view(seed) for seed in range(100, 106)]
    cosines, truths = collect_cosines(model, unseen)
    assert cosines.shape == (18, 3)
    assert truths[torch.arange(18), cosines.argmax(dim=1)].float().mean() > 0.9
    probability = (model.logit_scale * cosines + model.logit_bias).sigmoid()
    assert probability[truths].mean() > 0.6 > 0.4 > probability[~truths].mean()
    steps = []
    again = train_vlm(config, tmp_path / "data", tmp_path / "out", _Letters(), progress=lambda n, _: steps.append(n))
    assert steps == []
    image, regions = torch.from_numpy(unseen[0].image), torch.from_numpy(unseen[0].regions)
    assert torch.allclose(encode_regions(again, image, regions, 4), encode_regions(model, image, regions, 4), atol=2e-3)


def test_the_shipped_settings_are_read():
    config = read_config(find_config("vlm", "tiny"))
    tower = ImageTower(config.tower)
    assert 3e6 < sum(weight.numel() for weight in tower.parameters()) < 8e6
    assert math.isclose(sum(shape.share for shape in config.crops.shapes), 1.0)


def test_settings_that_there_are_not_are_told(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("loop: {steps: 3, learning_rate: 0.1}\ncolour: red\n")
    with pytest.raises(ValueError, match=r"a\.yaml: .*colour"):
        read_config(path)
    path.write_text("loop: {steps: 0, learning_rate: 0.1}\n")
    with pytest.raises(ValueError, match=r"a\.yaml: loop: steps must be at least 1"):
        read_config(path)
