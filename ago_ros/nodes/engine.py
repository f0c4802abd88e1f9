"""What the node does between messages, without ROS: encode frames, remember them, label them, answer from them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

from ago_ros.nodes.parameters import OccupancyParameters
from ago_ros.occupancy.lift import LiftConfig, LiftPredictor
from ago_ros.scene.encoding import SceneEncoding
from ago_ros.scene.labelling import label
from ago_ros.scene.semantic_grid import SemanticGrid
from ago_ros.sensors.frame import SensorFrame
from ago_ros.vlm.interface import VisionLanguageModel
from ago_ros.vlm.vocabulary import Vocabulary, make_vocabulary


class RefusedError(Exception):
    """A request that cannot be met; the message says why and what to do."""


class OccupancyEngine:
    """Encodes once, answers many times. `encode` belongs to one thread; everything else may be called from any.

    Raises:
        ValueError: the parameters do not go together.
        OSError: the vision-language model is not there.
    """

    def __init__(self, parameters: OccupancyParameters) -> None:
        self.vlm: VisionLanguageModel | None = None
        self.vocabulary: Vocabulary | None = None
        if parameters.vlm:
            from ago_ros.vlm.loading import (
                load_vlm,
            )  # here, as it imports transformers: seconds that others need not wait

            self.vlm = load_vlm(parameters.vlm, parameters.device)
            self.vocabulary = make_vocabulary(parameters.phrases, self.vlm)
        config = LiftConfig(grid=parameters.grid, max_sweeps=parameters.window_sweeps, max_age_s=parameters.window_sec)
        self._predictor = LiftPredictor(config, self.vlm)
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
        return label(encoding, self.vocabulary)

    def cached(self, stamp_ns: int = 0) -> SceneEncoding:
        """Finds a cached frame.

        Args:
            stamp_ns: its LiDAR stamp; 0 means the newest frame.

        Raises:
            RefusedError: no frame has come, or that one is not cached.
        """
        with self._lock:
            if not self._cache:
                raise RefusedError("no frame has been processed yet: see /diagnostics for what is missing")
            if stamp_ns == 0:
                return next(reversed(self._cache.values()))
            if stamp_ns not in self._cache:
                span = f"{min(self._cache) / 1e9:.3f} to {max(self._cache) / 1e9:.3f} s"
                raise RefusedError(
                    f"no frame with stamp {stamp_ns / 1e9:.9f} s is cached; {len(self._cache)} are, {span}: "
                    "ask with stamp 0 for the newest, or raise cache_size"
                )
            return self._cache[stamp_ns]

    def require_vlm(self) -> VisionLanguageModel:
        """Returns the vision-language model.

        Raises:
            RefusedError: none is configured.
        """
        if self.vlm is None:
            raise RefusedError(
                "no image tower is configured, so the grid knows no phrases: set the parameter vlm to a "
                "Hugging Face id or a folder and configure the node again"
            )
        return self.vlm

    def set_vocabulary(self, phrases: Sequence[str]) -> None:
        """Replaces the phrases; frames in the cache need no new encoding.

        Raises:
            RefusedError: no vision-language model is configured, or the phrases cannot be a vocabulary.
        """
        vlm = self.require_vlm()
        try:
            self.vocabulary = make_vocabulary(tuple(phrases), vlm)
        except ValueError as error:
            raise RefusedError(str(error)) from error
