"""Trains one method: data, network, threshold and calibration, and the folder that the scores and the suite take."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import torch
from torch import Tensor

from ago_ros.datasets.query_views.splits import TRAIN_SPLITS, VALIDATION_SPLITS
from ago_ros.datasets.query_views.store import Ask, QueryView, read_made_with, read_views
from ago_ros.scene_query.query import RELATIONS
from ago_ros.scene_query.semabs.baselines import METHODS, Method, SemAware
from ago_ros.scene_query.semabs.config import SemAwareConfig
from ago_ros.scene_query.semabs.decision import (
    DECISION_FILE,
    JUDGED_TOGETHER,
    LEAST_ANSWERS,
    MARGINS,
    Decision,
    DecisionChooser,
    IouCounter,
    Reading,
    load_reading,
    save_reading,
)
from ago_ros.scene_query.semabs.feeding import encode_scenes, read_answers
from ago_ros.scene_query.semabs.files import load_semabs, make_network, save_semabs
from ago_ros.scene_query.semabs.losses import query_loss
from ago_ros.scene_query.semabs.network import SemAbs
from ago_ros.scene_query.semabs.seen_view import (
    COMPLETE,
    LOCATE,
    answer_view,
    maps_kind,
    query_of,
    settle,
    task_of,
    tasks_of,
    truth_of,
)
from ago_ros.training.loop import LoopConfig, fit
from ago_ros.training.scene_query.augment import mirrored
from ago_ros.training.scene_query.batches import Batch, BatchSampler
from ago_ros.training.scene_query.config import SceneQueryConfig
from ago_ros.vlm.interface import TextEncoder
from ago_ros.vlm.small import has_fast_bfloat16
from ago_ros.vlm.vocabulary import embed_phrases

RUN_FILE = "run.json"
_TYPICAL = 0.99
"""Share of relevancies that a network gets as -1..1."""


def train_scene_query(
    config: SceneQueryConfig,
    method: str,
    data: Path,
    out: Path,
    encoder: TextEncoder,
    device: str | torch.device = "cpu",
    progress: Callable[[int, int], None] | None = None,
    report: Callable[[str], None] | None = None,
) -> Reading:
    """Trains on drawn views, chooses threshold and calibration on the validation views, and writes all to a folder.

    Args:
        config: settings.
        method: one of `baselines.METHODS`.
        data: folder that `draw.draw_missing` filled.
        out: folder of this training; one that was begun goes on where it was, one that is done is only read.
        encoder: text tower of the model that read the maps; only a method that reads texts asks it.
        device: where the network is trained.
        progress: told how many steps are done, and how many there are.
        report: told in a line what the training will take.

    Returns:
        What belongs to the weights; also in the folder.

    Raises:
        DatasetError: views are missing or damaged.
        ValueError: there is no such method, or the folder holds another training.
    """
    if method not in METHODS:
        raise ValueError(f"no method {method!r}: use one of {', '.join(METHODS)}")
    how = METHODS[method]
    drawn_with = read_made_with(data / "train")
    _claim(out, {"method": method, "drawn_with": drawn_with, **asdict(config)})
    if (out / DECISION_FILE).is_file():
        return load_reading(out)
    if config.threads:
        torch.set_num_threads(config.threads)
    torch.manual_seed(config.loop.seed)
    rooms, streets = (_read_split(data, split, config, how) for split in TRAIN_SPLITS)
    held_out = [view for split in VALIDATION_SPLITS for view in _read_split(data, split, config, how)]
    network = build_network(config, how, [*rooms, *streets], encoder.dim).to(device).train()
    texts = embed_asks([*rooms, *streets, *held_out], encoder) if isinstance(network, SemAware) else {}
    sampler = BatchSampler(rooms, how, config.batch, config.augment, network.config.grid, streets)

    def loss_of(step: int) -> dict[str, Tensor]:
        generator = torch.Generator().manual_seed(config.loop.seed * 1_000_003 + step)
        return batch_loss(network, how, sampler.draw(generator), texts)

    def validate() -> dict[str, float]:
        counted = answered(network, how, _spaced(held_out, config.validation_views), config.batch.resolution, texts)
        return validation_scores(counted)

    fit(network, loss_of, _in_hardware(config.loop, device), out, progress, validate, report)
    save_semabs(out, network)
    decisions = decide(answered(load_semabs(out, device), how, held_out, config.batch.resolution, texts))
    trained = {"steps": config.loop.steps, "seed": config.loop.seed, "resolution": config.batch.resolution}
    reading = Reading(method, drawn_with, decisions, trained)
    save_reading(out, reading)
    return reading


def build_network(
    config: SceneQueryConfig, method: Method, views: Sequence[QueryView], text_dim: int
) -> SemAbs | SemAware:
    """Builds the network of a method, with the factor that brings the views' relevancy to about -1..1."""
    settings = method.configure(config.network, text_dim)
    if isinstance(settings, SemAwareConfig):
        return make_network(settings)
    maps = [torch.from_numpy(view.maps[maps_kind(method)]).float().abs() for view in _spaced(views, 50)]
    values = torch.cat([each.flatten()[::7] for each in maps if each.numel()])
    typical = float(values.kthvalue(max(1, int(_TYPICAL * len(values)))).values)
    if not typical > 0:
        raise ValueError("the relevancy maps are zero everywhere: draw them with another model")
    return make_network(replace(settings, relevancy_scale=1 / typical))


def batch_loss(
    network: SemAbs | SemAware, method: Method, batch: Batch, texts: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Computes the loss of a batch: the mean over its queries, and the share of each task in it."""
    encoded = encode_scenes(network, method, batch.scenes, batch.asked)
    logits = read_answers(network, method, encoded, batch.asked, batch.points, texts)
    labels, counts = batch.labels.to(logits), batch.counts.to(logits.device)
    terms = {}
    for name, chosen in (("complete", batch.completes), ("locate", ~batch.completes)):
        if bool(chosen.any()) and name in tasks_of(method):
            terms[name] = query_loss(logits[chosen], labels[chosen], counts[chosen])
    zero = logits.new_zeros(())
    every = {name: terms.get(name, zero) for name in tasks_of(method)}
    return {"loss": torch.stack(list(terms.values())).mean(), **every}


def embed_asks(views: Iterable[QueryView], encoder: TextEncoder) -> dict[str, Tensor]:
    """Embeds every question in plain words, as it is and mirrored."""
    queries = [query_of(ask) for view in views for ask in view.asks]
    words = sorted({str(each) for query in queries for each in (query, mirrored(query))})
    with torch.no_grad():
        rows = [embed_phrases(words[i : i + 256], encoder, ("{}",)) for i in range(0, len(words), 256)]
    return dict(zip(words, torch.cat(rows), strict=True)) if rows else {}


Answered = tuple[Ask, Tensor, Tensor, Tensor]
"""A question; its (Q,) logits; the same as they are held against a threshold; and (Q,) bool, the truth."""


def answered(
    network: SemAbs | SemAware,
    method: Method,
    views: Iterable[QueryView],
    resolution: int,
    texts: Mapping[str, Tensor],
) -> Iterator[Answered]:
    """Answers all questions of some views, of the method's tasks."""
    for view in views:
        asks = [ask for ask in view.asks if task_of(ask) in tasks_of(method)]
        answers = answer_view(network, method, view, asks, resolution, texts)
        for ask, logits, settled in zip(asks, answers, settle(asks, answers), strict=True):
            yield ask, logits, settled, truth_of(view, ask.answer, resolution).flatten()


def validation_scores(answers: Iterable[Answered]) -> dict[str, float]:
    """Returns the mean IoU of each task, every relation at its best threshold, and "score", the mean of the tasks."""
    counters: dict[tuple[str, str], IouCounter] = {}
    counts: dict[tuple[str, str], int] = {}
    for ask, _, settled, truth in answers:
        key = (task_of(ask), _judged_as(ask.relation))
        counters.setdefault(key, IouCounter()).add(settled, truth)
        counts[key] = counts.get(key, 0) + 1
    scores = {}
    for task in dict.fromkeys(task for task, _ in counters):
        keys = [key for key in counters if key[0] == task]
        scores[task] = sum(counts[key] * counters[key].best()[1] for key in keys) / sum(counts[key] for key in keys)
    return {**scores, "score": sum(scores.values()) / len(scores)}


def decide(answers: Iterable[Answered]) -> dict[str, Decision]:
    """Chooses threshold and calibration of each task, and of each relation with `LEAST_ANSWERS`.

    Args:
        answers: on the validation views, never those of a test.
    """
    choosers: dict[str, DecisionChooser] = {}
    for ask, logits, settled, truth in answers:
        for key in (LOCATE, _judged_as(ask.relation)) if ask.relation else (COMPLETE,):
            margins = MARGINS if ask.relation else (None,)
            choosers.setdefault(key, DecisionChooser(margins)).add(logits, settled, truth)
    chosen = {
        key: chooser.choose()
        for key, chooser in choosers.items()
        if key in (COMPLETE, LOCATE) or len(chooser) >= LEAST_ANSWERS
    }
    tasks = {task: chosen[task] for task in (COMPLETE, LOCATE) if task in chosen}
    return tasks | {name: chosen[_judged_as(name)] for name in RELATIONS if _judged_as(name) in chosen}


def _judged_as(relation: str) -> str:
    return JUDGED_TOGETHER.get(relation, relation)


def _read_split(data: Path, split: str, config: SceneQueryConfig, method: Method) -> list[QueryView]:
    """Reads as many rooms or drives of a split as the settings name; they may name none."""
    count, _ = config.draw.files_of(split)
    return list(read_views(data / split, [maps_kind(method)], count)) if count else []


def _in_hardware(loop: LoopConfig, device: str | torch.device) -> LoopConfig:
    """Takes full precision where bfloat16 would be emulated: slower by far, and no better."""
    emulated = loop.precision == "bf16" and not has_fast_bfloat16(torch.device(device))
    return replace(loop, precision="32") if emulated else loop


def _claim(out: Path, run: dict) -> None:
    """Marks a folder as that of a training, or makes sure that it is."""
    wanted = json.loads(json.dumps(run))
    path = out / RUN_FILE
    if path.is_file():
        try:
            begun = json.loads(path.read_text())
        except ValueError as error:
            raise ValueError(f"{path}: damaged; delete the folder, or choose another one") from error
        changed = sorted(name for name in {*begun, *wanted} if begun.get(name) != wanted.get(name))
        if changed:
            raise ValueError(f"{out}: begun with another {', '.join(changed)}; choose another folder, or delete it")
        return
    out.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(wanted, indent=2) + "\n")


def _spaced(views: Sequence[QueryView], count: int) -> list[QueryView]:
    """Takes at most so many views, spread over all."""
    step = max(1, len(views) // count)
    return list(views[::step][:count])
