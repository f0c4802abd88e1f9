"""The analytic relation fields as a row of the tables: fed with the same maps, tuned on the same validation views."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import torch
from torch import Tensor

from ago_ros.datasets.query_views.store import QueryView
from ago_ros.evaluation.scene_query import RESOLUTION, SplitScores, make_row, scored_asks, search_of
from ago_ros.scene.encoding import SceneEncoding, VoxelState
from ago_ros.scene_query.analytic import LocateConfig, locate
from ago_ros.scene_query.query import Query
from ago_ros.scene_query.relations import RelationConfig
from ago_ros.scene_query.semabs.decision import IouCounter
from ago_ros.scene_query.semabs.feeding import SeenScene
from ago_ros.scene_query.semabs.seen_view import LOCATE, asked_grid, query_of, see, truth_of
from ago_ros.vlm.interface import VisionLanguageModel

MODEL = "relevancy maps"
TABLETOP = RelationConfig(min_reach=0.1, max_reach=1.0, on_height=0.3)
"""Reach as the room world's relations have it; a view is asked at a room's size, as networks are."""
THRESHOLDS = (0.2, 0.35, 0.5, 0.65, 0.8)
"""Relevancies that are tried for what counts as seen."""
SHARES = tuple(
    math.log(share) for share in (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)
)
"""Logarithms of the shares of the highest probability that are tried as thresholds."""


@dataclass(frozen=True)
class AnalyticSetting:
    """What is chosen on validation views.

    Attributes:
        seen: relevancy, in 0..1, above which a phrase is held to be seen.
        share: logarithm of the share of the highest probability above which a voxel is said to be a place.
    """

    seen: float
    share: float


def encode_analytic(view: QueryView, scene: SeenScene, typical: float) -> SceneEncoding:
    """Voxelises what a view shows; a voxel has the highest relevancy of its points.

    A phrase's relevancy is put into 0..1 by its own peak, times how high that peak is against what is typical.

    Args:
        view: the view, for what no ray has reached.
        scene: its points.
        typical: relevancy that counts as a sure peak.
    """
    grid = asked_grid(view, RESOLUTION)
    indices, inside = grid.indices(scene.points)
    flat = torch.unique(grid.flatten(indices))
    occupied = grid.unflatten(flat)
    place = torch.searchsorted(flat, grid.flatten(indices))
    values = torch.full((len(scene.phrases), len(flat)), -torch.inf)
    values.scatter_reduce_(1, place.expand(len(values), -1), scene.relevancy[:, inside], "amax")
    above = values.clamp(min=0)
    peak = above.amax(dim=1, keepdim=True).clamp(min=torch.finfo(torch.float32).tiny)
    scores = dict(zip(scene.phrases, above / peak * (peak / typical).clamp(max=1), strict=True))
    state = torch.where(truth_of(view, 0, RESOLUTION), VoxelState.UNOBSERVED, VoxelState.FREE)
    state[tuple(occupied.T)] = VoxelState.OCCUPIED

    def relevancy(phrases: Sequence[str]) -> Tensor:
        return torch.stack([scores[phrase] for phrase in phrases])

    viewpoint = torch.from_numpy(view.sight.viewpoint / view.scale)
    features = torch.zeros(len(occupied), 1)
    return SceneEncoding(
        0, grid, state.to(torch.uint8), torch.eye(4).double(), viewpoint, occupied, features, MODEL, relevancy
    )


def analytic_field(encoding: SceneEncoding, query: Query, seen: float) -> Tensor:
    """Returns the (R, R, R) probability of a query; zero everywhere where it is refused."""
    model = cast(VisionLanguageModel, SimpleNamespace(name=MODEL))
    return locate(encoding, query, model, LocateConfig(threshold=seen, relations=TABLETOP)).probability


def tune_analytic(views: Sequence[QueryView], typical: float) -> AnalyticSetting:
    """Chooses thresholds by the mean IoU on validation views."""
    best = (-1.0, AnalyticSetting(THRESHOLDS[0], SHARES[0]))
    counters = {seen: IouCounter(SHARES) for seen in THRESHOLDS}
    for view in views:
        encoding = encode_analytic(view, see(view, "multi"), typical)
        for ask in scored_asks(view, (LOCATE,)):
            truth = truth_of(view, ask.answer, RESOLUTION).flatten()
            for seen, counter in counters.items():
                counter.add(_log_share(analytic_field(encoding, query_of(ask), seen)), truth)
    for seen, counter in counters.items():
        share, iou = counter.best()
        best = max(best, (iou, AnalyticSetting(seen, share)), key=lambda pair: pair[0])
    return best[1]


def evaluate_analytic(
    views: Iterable[QueryView], setting: AnalyticSetting, typical: float, progress: Callable[[], None] | None = None
) -> SplitScores:
    """Scores the analytic fields on the views of a test split."""
    scores = SplitScores()
    counter = IouCounter((setting.share,))
    for view in views:
        encoding = encode_analytic(view, see(view, "multi"), typical)
        for ask in scored_asks(view, (LOCATE,)):
            field = analytic_field(encoding, query_of(ask), setting.seen)
            truth = truth_of(view, ask.answer, RESOLUTION).flatten()
            iou = float(counter.add(_log_share(field), truth)[0])
            scores.rows.append(make_row(view, ask, iou, search_of(view, ask, field.flatten())))
        if progress:
            progress()
    return scores


def typical_relevancy(views: Sequence[QueryView]) -> float:
    """Returns the median peak of the phrases' maps on validation views: what counts as a sure peak."""
    peaks: list[Any] = [torch.from_numpy(view.maps["multi"]).float().flatten(1).amax(dim=1) for view in views]
    return max(float(torch.cat(peaks).median()), torch.finfo(torch.float32).tiny)


def _log_share(field: Tensor) -> Tensor:
    """Returns the (R * R * R,) logarithm of the share of the highest value; -inf where it is zero."""
    return torch.log(field / field.max().clamp(min=torch.finfo(torch.float32).tiny)).flatten()
