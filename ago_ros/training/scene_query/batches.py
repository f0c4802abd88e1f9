"""Draws what a step learns from: views, questions, and points with the true answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ago_ros.datasets.query_views.store import Ask, QueryView
from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.scene_query.query import RELATIONS
from ago_ros.scene_query.semabs.baselines import Method
from ago_ros.scene_query.semabs.feeding import Asked, SeenScene
from ago_ros.scene_query.semabs.losses import sample_queries
from ago_ros.scene_query.semabs.seen_view import (
    COMPLETE,
    asked_grid,
    maps_kind,
    query_of,
    see,
    task_of,
    tasks_of,
    truth_of,
)
from ago_ros.scene_query.semabs.volume import within
from ago_ros.training.scene_query.augment import Move, draw_move, mirrored
from ago_ros.training.scene_query.config import AugmentConfig, BatchConfig


@dataclass(frozen=True, eq=False)
class Batch:
    """What a step learns from.

    Attributes:
        scenes: S moved scenes.
        asked: A queries.
        points: (A, Q, 3) float32 metres, all inside of the grid.
        labels: (A, Q) float32, 0 or 1.
        counts: (A, Q) bool; the points that the movement took out of the grid do not count.
        completes: (A,) bool, the queries that are to be completed.
    """

    scenes: list[SeenScene]
    asked: list[Asked]
    points: Tensor
    labels: Tensor
    counts: Tensor
    completes: Tensor


class BatchSampler:
    """Draws batches of the views of a training.

    Args:
        views: with the maps of the method.
        method: what is fed, and which tasks there are.
        config: of the batches.
        augment: of the scenes.
        grid: of the network.
        outdoor: views of streets, which make up a share of the batches.

    Raises:
        ValueError: no view asks anything of the method's tasks.
    """

    def __init__(
        self,
        views: Sequence[QueryView],
        method: Method,
        config: BatchConfig,
        augment: AugmentConfig,
        grid: VoxelGrid,
        outdoor: Sequence[QueryView] = (),
    ) -> None:
        tasks = tasks_of(method)
        self._views, self._outdoor = (
            [view for view in some if any(task_of(ask) in tasks for ask in view.asks)] for some in (views, outdoor)
        )
        if not self._views:
            raise ValueError("no view asks anything that this method answers: draw more rooms")
        self._method, self._config, self._augment, self._grid = method, config, augment, grid

    def draw(self, generator: torch.Generator) -> Batch:
        """Draws a batch; the same for the same state of the generator."""
        config = self._config
        scenes, asked, parts, completes = [], [], [], []
        for number in range(config.scenes):
            view = self._choose_view(generator)
            asks = choose_asks(view, tasks_of(self._method), config.asks, generator)
            may_mirror = all(self._has_mirrored(ask, view) for ask in asks)
            move = draw_move(self._grid, self._augment, generator, may_mirror=may_mirror)
            scenes.append(self._moved(see(view, maps_kind(self._method)), move, generator))
            for ask in asks:
                asked.append((number, move.query(query_of(ask))))
                completes.append(task_of(ask) == COMPLETE)
                points, labels = draw_points(view, ask, config, generator)
                parts.append((move.points(points), labels))
        points, labels = (torch.stack([part[i] for part in parts]) for i in (0, 1))
        counts = within(self._grid, points).squeeze(-1)
        middle = (points.new_tensor(self._grid.origin) + points.new_tensor(self._grid.upper)) / 2
        inside = torch.where(counts[..., None], points, middle)
        return Batch(scenes, asked, inside, labels, counts, torch.tensor(completes))

    def _choose_view(self, generator: torch.Generator) -> QueryView:
        views = self._views
        if self._outdoor and float(torch.rand((), generator=generator)) < self._config.outdoor:
            views = self._outdoor
        return views[int(torch.randint(len(views), (), generator=generator))]

    def _has_mirrored(self, ask: Ask, view: QueryView) -> bool:
        """Whether the method's input for a mirrored question was drawn."""
        return set(self._method.phrases(mirrored(query_of(ask)))) <= set(view.phrases)

    def _moved(self, scene: SeenScene, move: Move, generator: torch.Generator) -> SeenScene:
        strength = self._augment.colour
        factors = 1 + strength * (2 * torch.rand(3, generator=generator) - 1)
        colours = (scene.colours * factors).clamp(0, 1)
        free = scene.free.moved(move.matrix) if scene.free else None
        return SeenScene(move.points(scene.points), scene.relevancy, scene.phrases, colours, free)


def choose_asks(view: QueryView, tasks: Sequence[str], count: int, generator: torch.Generator) -> list[Ask]:
    """Chooses questions of a view: descriptions, of every relation alike, and completions, first of their phrases.

    Phrases that both need are encoded once, so that a completion of a description's phrase costs next to nothing.

    Args:
        view: the view.
        tasks: which to choose from.
        count: how many; half of them descriptions where there are two tasks.
        generator: of random numbers.
    """
    located = _shuffled([ask for ask in view.asks if ask.relation], generator) if "locate" in tasks else []
    completed = _shuffled([ask for ask in view.asks if not ask.relation], generator) if COMPLETE in tasks else []
    order = [RELATIONS[i] for i in torch.randperm(len(RELATIONS), generator=generator).tolist()]
    rank = {id(ask): sum(other.relation == ask.relation for other in located[:i]) for i, ask in enumerate(located)}
    located.sort(key=lambda ask: (rank[id(ask)], order.index(ask.relation)))
    wanted = count - count // 2 if completed else count
    chosen = located[:wanted]
    phrases = {phrase for ask in chosen for phrase in (ask.target, ask.reference)}
    completed.sort(key=lambda ask: ask.target not in phrases)
    return [*chosen, *completed[: count - len(chosen)]]


def draw_points(view: QueryView, ask: Ask, config: BatchConfig, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draws points of a question, half of them in its answer; a share of them only around the answer.

    Returns:
        (Q, 3) float32 points, frame of the networks, metres; (Q,) float32 labels, 0 or 1.
    """
    truth = truth_of(view, ask.answer, config.resolution)
    grid = asked_grid(view, config.resolution)
    near = round(config.near * config.queries) if bool(truth.any()) else 0
    parts = [sample_queries(grid, truth, config.queries - near, generator)] if config.queries > near else []
    if near:
        parts.append(sample_queries(grid, truth, near, generator, _around(truth, config.margin)))
    points, labels = (torch.cat([part[i] for part in parts]) for i in (0, 1))
    return points, labels


def _around(truth: Tensor, margin: int) -> Tensor:
    """Returns (X, Y, Z) bool, the box around what is true and `margin` voxels more."""
    places = truth.nonzero()
    low = (places.amin(dim=0) - margin).clamp(min=0).tolist()
    high = (places.amax(dim=0) + margin + 1).tolist()
    box = torch.zeros_like(truth)
    box[low[0] : high[0], low[1] : high[1], low[2] : high[2]] = True
    return box


def _shuffled(asks: list[Ask], generator: torch.Generator) -> list[Ask]:
    return [asks[i] for i in torch.randperm(len(asks), generator=generator).tolist()]
