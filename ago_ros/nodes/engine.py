"""What the node does between messages, and without any: encode frames, remember them, label them, answer from them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import torch

from ago_ros.nodes.parameters import OccupancyParameters
from ago_ros.occupancy.ago.text import AgoPhrases
from ago_ros.occupancy.frame_relevancy import relevancy_config
from ago_ros.occupancy.lift import LiftConfig, LiftPredictor
from ago_ros.scene.encoding import SceneEncoding
from ago_ros.scene.identifier import Criterion
from ago_ros.scene.labelling import label
from ago_ros.scene.semantic_grid import SemanticGrid
from ago_ros.scene_query.analytic import NO_IMAGE_TOWER, LocateConfig, locate
from ago_ros.scene_query.answer import Answer, Region
from ago_ros.scene_query.objects import complete, detect
from ago_ros.scene_query.parse import parse_question
from ago_ros.scene_query.prepositions import Prepositions
from ago_ros.scene_query.query import QueryError, Question, make_query
from ago_ros.scene_query.semabs.learned import LearnedFields
from ago_ros.scene_query.semabs.load import load_fields
from ago_ros.sensors.frame import SensorFrame
from ago_ros.vlm.interface import PhraseModel, VisionLanguageModel
from ago_ros.vlm.loading import load_text_encoder, load_vlm
from ago_ros.vlm.text_memory import remember_texts
from ago_ros.vlm.vocabulary import Vocabulary, make_vocabulary

if TYPE_CHECKING:
    from ago_ros.occupancy.ago.predictor import AgoPredictor


def set_threads(parameters: OccupancyParameters) -> None:
    """Sets how many threads torch uses.

    On a busy machine small operations wait longer for a second thread than it saves; an image tower is worth it.
    """
    if parameters.threads or (parameters.method == "lift" and not parameters.vlm):
        torch.set_num_threads(parameters.threads or 1)


def _check_device(name: str) -> None:
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ValueError(f"device '{name}' cannot be used: {str(error).splitlines()[0]}") from error


def _load_vlm(parameters: OccupancyParameters) -> VisionLanguageModel:
    """Loads the image tower; every frame is asked for the same phrases, which it need not encode each time."""
    return remember_texts(load_vlm(parameters.vlm, parameters.device))


def _load_fields(parameters: OccupancyParameters) -> LearnedFields | None:
    """Loads the network that answers queries, if one is to."""
    if parameters.scene_query != "analytic" and parameters.method != "lift":
        raise ValueError(
            f"scene_query semabs reads a frame's images for each phrase, and method {parameters.method} keeps none: "
            "set method to lift, or scene_query to analytic"
        )
    return load_fields(parameters.scene_query, parameters.scene_query_model, parameters.vlm, parameters.device)


def _make_lift(
    parameters: OccupancyParameters, vlm: VisionLanguageModel | None, fields: LearnedFields | None
) -> LiftPredictor:
    config = LiftConfig(
        grid=parameters.grid,
        max_sweeps=parameters.window_sweeps,
        max_age_s=parameters.window_sec,
        limits=parameters.ray_limits,
    )
    return LiftPredictor(config, vlm, fields.relevancy if fields else relevancy_config(parameters.relevancy))


def _make_ago(parameters: OccupancyParameters, vlm: VisionLanguageModel | None) -> AgoPredictor:
    if not parameters.ago_model:
        raise ValueError(
            "method ago has no model: set ago_model to a folder that `ago train ago` wrote, or to ago-tiny-occupancy"
        )
    from ago_ros.occupancy.ago.checkpoint import load_ago  # transformers takes seconds, which lift need not wait for
    from ago_ros.occupancy.ago.predictor import AgoPredictor
    from ago_ros.occupancy.ago.variants import read_note

    text = vlm or load_vlm(read_note(parameters.ago_model).text, parameters.device)
    model = load_ago(parameters.ago_model, parameters.device)
    grid = model.config.grid
    if grid != parameters.grid:
        raise ValueError(
            f"{parameters.ago_model}: was trained for another grid; set grid_origin to {list(grid.origin)}, voxel_size "
            f"to {grid.voxel_size} and grid_shape to {list(grid.shape)}"
        )
    return AgoPredictor(model, text, parameters.ago_model, text.logit_scale)


class OccupancyEngine:
    """Encodes once, answers many times. `encode` belongs to one thread; everything else may be called from any.

    Attributes:
        phrase_model: what phrases are held against the encodings with; None where the grid is class-agnostic.
        vocabulary: the present phrases; None likewise.
        sees_by_cameras_alone: whether a frame without any image cannot be encoded.

    Raises:
        ValueError: the parameters do not go together.
        ModelError: a model cannot be loaded.
    """

    def __init__(self, parameters: OccupancyParameters) -> None:
        _check_device(parameters.device)
        set_threads(parameters)
        self._fields = _load_fields(parameters)
        vlm = _load_vlm(parameters) if parameters.vlm else None
        self.sees_by_cameras_alone = parameters.method == "ago"
        self.phrase_model: PhraseModel | None = vlm
        self._predictor: LiftPredictor | AgoPredictor
        if self.sees_by_cameras_alone:
            self._predictor = _make_ago(parameters, vlm)
            self.phrase_model = AgoPhrases(self._predictor.text, self._predictor.name)
        else:
            self._predictor = _make_lift(parameters, vlm, self._fields)
        self.vocabulary: Vocabulary | None = None
        if self.phrase_model is not None:
            self.vocabulary = make_vocabulary(parameters.phrases, self.phrase_model)
        self._predictor.warm_up()
        self._criterion = cast(Criterion, parameters.identifier)
        self._locating = LocateConfig(criterion=self._criterion)
        self._prepositions = Prepositions(load_text_encoder)
        self._capacity = parameters.cache_size
        self._lock = threading.Lock()
        self._cache: OrderedDict[int, SceneEncoding] = OrderedDict()

    def encode(self, frame: SensorFrame) -> SceneEncoding:
        """Encodes a frame and keeps it for queries."""
        encoding = self._predictor.encode(frame)
        with self._lock:
            self._cache.pop(encoding.stamp_ns, None)
            self._cache[encoding.stamp_ns] = encoding
            while len(self._cache) > self._capacity:
                self._cache.popitem(last=False)
        return encoding

    def forget(self) -> None:
        """Drops the cached frames, as after a jump in time: a query must not be answered from before it."""
        with self._lock:
            self._cache.clear()

    def label(self, encoding: SceneEncoding) -> SemanticGrid:
        """Labels a frame with the present vocabulary."""
        return label(encoding, self.vocabulary, self._criterion)

    @property
    def newest(self) -> SceneEncoding | None:
        """The newest cached frame, if there is one."""
        with self._lock:
            return next(reversed(self._cache.values()), None)

    def cached(self, stamp_ns: int = 0) -> SceneEncoding:
        """Finds a cached frame.

        Args:
            stamp_ns: its LiDAR stamp; 0 means the newest frame.

        Raises:
            QueryError: no frame has come, or that one is not cached.
        """
        with self._lock:
            if not self._cache:
                raise QueryError("no frame has been processed yet: see /diagnostics for what is missing")
            if stamp_ns == 0:
                return next(reversed(self._cache.values()))
            if stamp_ns not in self._cache:
                span = f"{min(self._cache) / 1e9:.3f} to {max(self._cache) / 1e9:.3f} s"
                raise QueryError(
                    f"no frame with stamp {stamp_ns / 1e9:.9f} s is cached; {len(self._cache)} are, {span}: "
                    "ask with stamp 0 for the newest, or raise cache_size"
                )
            return self._cache[stamp_ns]

    def locate(self, stamp_ns: int, text: str, target: str, relation: str, reference: str) -> Answer:
        """Answers where something is, or could be.

        Args:
            stamp_ns: the frame to ask; 0 means the newest.
            text: the query as free text; or else its parts:
            target: what is sought.
            relation: to the reference; may be empty.
            reference: what the relation is about; may be empty.

        Raises:
            QueryError: there is no answer; the message says why.
        """
        if text.strip() and (target or relation or reference):
            raise QueryError("query and target, relation or reference are both given: give the text or the parts")
        if text.strip():
            question = parse_question(text, self._prepositions)
        else:
            question = Question(((make_query(target, relation, reference, self._prepositions),),))
        return locate(self.cached(stamp_ns), question, self.phrase_model, self._locating, self._fields)

    def detect(self, stamp_ns: int, phrases: Sequence[str], min_score: float) -> tuple[int, tuple[Region, ...]]:
        """Finds the boxes of objects; returns the frame's stamp too. Raises QueryError as `locate` does."""
        encoding = self.cached(stamp_ns)
        found = detect(
            encoding, self._require_vocabulary(), phrases, self.phrase_model, min_score, criterion=self._criterion
        )
        return encoding.stamp_ns, found

    def complete(self, stamp_ns: int, phrases: Sequence[str]) -> tuple[SemanticGrid, tuple[Region, ...]]:
        """Fills in the unseen parts of objects. Raises QueryError as `locate` does."""
        encoding = self.cached(stamp_ns)
        vocabulary = self._require_vocabulary()
        return complete(encoding, vocabulary, phrases, self.phrase_model, self._criterion, self._fields)

    def set_vocabulary(self, phrases: Sequence[str]) -> None:
        """Replaces the phrases; frames in the cache need no new encoding.

        Raises:
            QueryError: no vision-language model is configured, or the phrases cannot be a vocabulary.
        """
        if self.phrase_model is None:
            raise QueryError(NO_IMAGE_TOWER)
        try:
            self.vocabulary = make_vocabulary(tuple(phrases), self.phrase_model)
        except ValueError as error:
            raise QueryError(str(error)) from error

    def _require_vocabulary(self) -> Vocabulary:
        if self.vocabulary is None:
            raise QueryError(NO_IMAGE_TOWER)
        return self.vocabulary
