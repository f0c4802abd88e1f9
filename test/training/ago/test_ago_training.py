"""One command for every setting and variant: what enters, what is learned, that it goes on, and that it repeats."""

import json
from dataclasses import replace

import pytest
import torch
from ago_training import HashedVlm, micro_config, micro_model

from ago_ros.datasets.errors import DatasetError
from ago_ros.datasets.open_world import PRETRAINING, TRANSFER
from ago_ros.occupancy.ago.checkpoint import load_ago
from ago_ros.occupancy.ago.variants import SETTINGS, VARIANTS, phrases_of, read_note
from ago_ros.training.ago.train import AgoRun, few_shot_scenes, train_ago
from ago_ros.training.loop import CHECKPOINT
from ago_ros.vlm.loading import ModelError
from ago_ros.vlm.vocabulary import DEFAULT_TEMPLATES


def rows(folder) -> list[dict]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def weights(model) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


@pytest.fixture(scope="module")
def pretrained(tiny_nuscenes, labelled, tmp_path_factory):
    """A pretrained AGO model."""
    out = tmp_path_factory.mktemp("pretrained")
    train_ago(micro_config(), AgoRun("pretrain", tiny_nuscenes, out, labels=labelled), HashedVlm())
    return out


TERMS = {
    "ago": {"grounding", "occupancy", "alignment"},
    "alignment": {"occupancy", "alignment"},
    "grounding": {"grounding", "occupancy"},
    "one-embedding": {"grounding", "occupancy", "alignment"},
    "no-noise": {"grounding", "occupancy", "alignment"},
    "plain": {"grounding", "alignment"},
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_has_its_losses_and_trains_the_weights_that_they_need(variant, tiny_nuscenes, labelled, tmp_path):
    run = AgoRun("self-supervised", tiny_nuscenes, tmp_path, variant, labelled)
    config = micro_config(steps=1)
    torch.manual_seed(0)
    trained = weights(train_ago(config, run, HashedVlm()))
    (row,) = rows(tmp_path)
    assert set(row) - {"step", "loss", "gradient", "learning_rate", "seconds"} == TERMS[variant]
    assert row["loss"] == pytest.approx(sum(row[term] for term in TERMS[variant]), abs=1e-4)
    twin = replace(config, loop=replace(config.loop, learning_rate=1e-12, weight_decay=0.0))
    untrained = weights(train_ago(twin, replace(run, out=tmp_path / "twin"), HashedVlm()))
    moved = {name for name in trained if (trained[name] - untrained[name]).abs().max() > 1e-5}
    assert any(name.startswith("backbone.resnet") for name in moved)
    assert any(name.startswith("adapter") for name in moved) == (VARIANTS[variant].alignment == "adapted")
    assert ("free" in moved) == ("grounding" in TERMS[variant] or "occupancy" in TERMS[variant])


def test_the_folder_holds_a_model_that_loads_and_says_how_it_was_made(pretrained):
    model, note = load_ago(pretrained), read_note(pretrained)
    assert tuple(model.categories) == tuple(PRETRAINING.known)
    assert (note.setting, note.variant, note.seed, note.text, note.keyframes) == ("pretrain", "ago", 0, "hashed", 4)
    with pytest.raises(ModelError, match="finished"):
        read_note(pretrained / "nothing")


def test_few_shot_goes_on_from_the_pretrained_model_with_all_categories(pretrained, tiny_nuscenes, labelled, tmp_path):
    run = AgoRun("few-shot", tiny_nuscenes, tmp_path, labels=labelled, start=pretrained)
    vlm, config = HashedVlm(), micro_config()
    still = replace(config, few_shot=replace(config.few_shot, steps=1, learning_rate=1e-12))
    model = train_ago(still, run, vlm)
    assert tuple(model.categories) == TRANSFER.categories
    before = load_ago(pretrained)
    moved = (model.head.first.weight - before.head.first.weight).abs().max()
    assert moved < 1e-6, "it starts from the weights of the pretrained model"
    assert read_note(tmp_path).keyframes in (1, 3), "one scene of the two"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"setting": "zero-shot"}, "is no training"),
        ({"setting": "supervised"}, "no setting 'supervised'"),
        ({"variant": "best"}, "no variant 'best'"),
        ({"setting": "few-shot"}, "needs a pretrained model"),
        ({"start": "somewhere"}, "no other training has one"),
    ],
)
def test_what_does_not_go_together_is_refused(changes, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        AgoRun(**{"setting": "pretrain", "data": tmp_path, "out": tmp_path, **changes})


def test_few_shot_refuses_another_variants_model(pretrained, tiny_nuscenes, labelled, tmp_path):
    run = AgoRun("few-shot", tiny_nuscenes, tmp_path, "grounding", labelled, start=pretrained)
    with pytest.raises(ValueError, match="needed is a grounding model"):
        train_ago(micro_config(), run, HashedVlm())


@pytest.mark.parametrize("variant", ["ago", "no-noise"])
def test_unknown_categories_never_enter_training_texts(variant, tiny_nuscenes, labelled, tmp_path):
    vlm = HashedVlm()
    run = AgoRun("pretrain", tiny_nuscenes, tmp_path, variant, labelled)
    train_ago(micro_config(steps=1, noise_pool=3000), run, vlm)
    unknown = {**phrases_of(tuple(TRANSFER.unknown)), **phrases_of(tuple(PRETRAINING.unknown))}
    told = set(vlm.texts)
    for phrase in (phrase for group in unknown.values() for phrase in group):
        assert not told & {template.format(phrase) for template in DEFAULT_TEMPLATES}, phrase
    known = {phrase for group in SETTINGS["pretrain"].phrases.values() for phrase in group}
    words = {word.lower() for group in unknown.values() for phrase in group for word in phrase.split()}
    words -= {word for phrase in (*known, "there is a photo of in the scene") for word in phrase.split()}
    assert not words & {word.strip(".").lower() for text in told for word in text.split()}
    assert known <= told
    assert (len(told) > 3000) == (variant == "ago"), "noise prompts are there where they should be"


def test_the_seed_decides_everything(tiny_nuscenes, labelled, tmp_path):
    def trained(name: str, seed: int) -> dict[str, torch.Tensor]:
        run = AgoRun("pretrain", tiny_nuscenes, tmp_path / name, labels=labelled, seed=seed)
        return weights(train_ago(micro_config(), run, HashedVlm()))

    first, again, other = trained("a", 1), trained("b", 1), trained("c", 2)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["head.first.weight"], other["head.first.weight"])


class Stop(Exception):
    pass


def test_an_interrupted_training_ends_as_if_nothing_had_happened(tiny_nuscenes, labelled, tmp_path):
    config = micro_config(steps=4)
    config = replace(config, loop=replace(config.loop, checkpoint_every_s=0.0))
    run = AgoRun("pretrain", tiny_nuscenes, tmp_path / "whole", labels=labelled)
    whole = weights(train_ago(config, run, HashedVlm()))

    def stop(done: int, total: int) -> None:
        if done == 3:
            raise Stop

    broken = replace(run, out=tmp_path / "broken")
    with pytest.raises(Stop):
        train_ago(config, broken, HashedVlm(), progress=stop)
    assert (broken.out / CHECKPOINT).is_file()
    with pytest.raises(ModelError):
        read_note(broken.out)
    done = []
    resumed = weights(train_ago(config, broken, HashedVlm(), progress=lambda n, total: done.append(n)))
    assert done == [3, 4]
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_a_validation_holds_the_last_scene_out_and_keeps_the_best(tiny_nuscenes, labelled, tmp_path):
    config = micro_config(validation_frames=1)
    run = AgoRun("self-supervised", tiny_nuscenes, tmp_path, labels=labelled)
    said = []
    train_ago(config, run, HashedVlm(), report=said.append)
    assert read_note(tmp_path).keyframes == 3
    scores = [row for row in rows(tmp_path) if "validation/score" in row]
    assert len(scores) == 1 and 0 <= scores[0]["validation/iou"] <= 1
    assert (tmp_path / "best.pt").is_file() and "forward and backward" in said[0]
    with pytest.raises(ValueError, match="too few for a validation"):
        train_ago(config, replace(run, out=tmp_path / "one", scenes=("scene-0001",)), HashedVlm())


def test_embeddings_of_another_model_are_refused_and_not_asked_for_without_need(tiny_nuscenes, labelled, tmp_path):
    vlm = HashedVlm()
    vlm.name = "another"
    run = AgoRun("pretrain", tiny_nuscenes, tmp_path, labels=labelled)
    with pytest.raises(DatasetError, match="by hashed, not another"):
        train_ago(micro_config(steps=1), run, vlm)
    with pytest.raises(DatasetError, match="none of 4 keyframes has labels"):
        train_ago(micro_config(steps=1), replace(run, labels=tmp_path, variant="grounding"), vlm)
    train_ago(micro_config(steps=1), replace(run, variant="grounding"), vlm)
    with pytest.raises(ValueError, match="made for texts of 16"):
        train_ago(micro_config(micro_model(text_dim=16)), run, vlm)


def test_few_shot_scenes_are_drawn_by_the_seed():
    names = tuple(f"scene-{i}" for i in range(9))
    drawn = {few_shot_scenes(names, 3, seed) for seed in range(8)}
    assert len(drawn) > 3 and all(len(set(each)) == 3 and set(each) <= set(names) for each in drawn)
    assert few_shot_scenes(names, 3, 1) == few_shot_scenes(names, 3, 1)
    with pytest.raises(ValueError, match="10 scenes asked for, there are 9"):
        few_shot_scenes(names, 10, 0)
