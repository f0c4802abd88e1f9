"""Labels the keyframes of a scene, one after the other, each with the keyframes before and after it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import torch

from ago_ros.datasets.errors import DatasetError
from ago_ros.datasets.nuscenes import LIDAR, NuScenesReader
from ago_ros.datasets.nuscenes_records import SensorRecord, read_sweep
from ago_ros.datasets.occ3d import FREE, labels_path
from ago_ros.geometry import se3
from ago_ros.occupancy.pseudo_labels.aggregate import AggregateConfig, aggregate
from ago_ros.occupancy.pseudo_labels.embeddings import (
    embed_images,
    embeddings_path,
    read_embeddings,
    write_embeddings,
)
from ago_ros.occupancy.pseudo_labels.files import read_pseudo_labels, write_pseudo_labels
from ago_ros.occupancy.pseudo_labels.masks import NOTHING, Masks, Segmenter
from ago_ros.occupancy.pseudo_labels.votes import VoteConfig, VotedSweep, vote
from ago_ros.sensors.frame import SensorFrame
from ago_ros.vlm.interface import VisionLanguageModel


@dataclass(frozen=True)
class LabelConfig:
    """How pseudo-labels are made.

    Attributes:
        frames: so many keyframes before and after one are aggregated with it.
        reach_s: the sweeps so near to a keyframe, in seconds, get votes of its images, and no others.
        votes: how returns get their votes.
        aggregate: how sweeps are put together.
    """

    frames: int = 4
    reach_s: float = 0.2
    votes: VoteConfig = field(default_factory=VoteConfig)
    aggregate: AggregateConfig = field(default_factory=AggregateConfig)

    def __post_init__(self) -> None:
        """Refuses numbers that mean nothing."""
        if self.frames < 0 or self.reach_s < 0:
            raise ValueError(f"frames and reach_s must not be negative: {self}")


@dataclass(frozen=True)
class Outcome:
    """What became of a keyframe.

    Attributes:
        scene: name of its scene.
        sample_token: the keyframe.
        status: `labelled` now, `existing` already, or `skipped`.
        reasons: what could not be read; of a keyframe that is labelled, the sweeps that were left out.
    """

    scene: str
    sample_token: str
    status: Literal["labelled", "existing", "skipped"]
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class _Keyframe:
    """A keyframe's frame, and its voted sweeps, its own first."""

    frame: SensorFrame
    sweeps: Sequence[VotedSweep]
    reasons: tuple[str, ...]


class KeyframeLabeller:
    """Writes labels, and embeddings where they are wanted, of keyframes of one data set.

    Args:
        reader: the data.
        out: folder to write to.
        segmenter: finds the classes in images.
        class_ids: Occ3D id of each of the segmenter's categories.
        config: how labels are made.
        vlm: embeds the images; None writes no embeddings.
    """

    def __init__(
        self, reader: NuScenesReader, out: str | Path, segmenter: Segmenter, class_ids: Sequence[int],
        config: LabelConfig | None = None, vlm: VisionLanguageModel | None = None,
    ) -> None:  # fmt: skip
        self._reader, self._out, self._segmenter, self._vlm = reader, Path(out), segmenter, vlm
        self._config = config or LabelConfig()
        if not class_ids or max(class_ids) >= FREE:
            raise ValueError(f"class ids must be 0..{FREE - 1}, at least one: {list(class_ids)}")
        self._class_of = torch.full((256,), NOTHING, dtype=torch.uint8)
        self._class_of[: len(class_ids)] = torch.tensor(class_ids, dtype=torch.uint8)

    def label(self, scene: str, wanted: Sequence[str] | None = None) -> Iterator[Outcome]:
        """Labels keyframes of a scene. Those whose files are there and whole are left as they are.

        Args:
            scene: name of the scene.
            wanted: tokens of the keyframes to label, in order of time; None means all.

        Yields:
            What became of each keyframe.
        """
        tokens = [sample.token for sample in self._reader.samples(scene)]
        sweeps = [record for record in self._reader.records(scene) if record.sensor == LIDAR]
        known: dict[int, _Keyframe | str] = {}
        for token in tokens if wanted is None else wanted:
            if self._exists(scene, token):
                yield Outcome(scene, token, "existing")
                continue
            place = tokens.index(token)
            window = range(max(place - self._config.frames, 0), min(place + self._config.frames + 1, len(tokens)))
            known = {number: keyframe for number, keyframe in known.items() if number in window}
            for number in window:
                if number not in known:
                    known[number] = self._read(tokens[number], sweeps)
            own = known[place]
            if isinstance(own, str):
                yield Outcome(scene, token, "skipped", (own,))
                continue
            others = [known[number] for number in window if number != place]
            self._write(scene, token, own, [other for other in others if isinstance(other, _Keyframe)])
            yield Outcome(scene, token, "labelled", own.reasons)

    def _exists(self, scene: str, token: str) -> bool:
        try:
            read_pseudo_labels(labels_path(self._out, scene, token))
            if self._vlm is not None:
                read_embeddings(embeddings_path(self._out, scene, token))
        except DatasetError:
            return False
        return True

    def _read(self, token: str, sweeps: Sequence[SensorRecord]) -> _Keyframe | str:
        """Reads a keyframe and lets its images vote; returns the reason if a file of its own cannot be used."""
        try:
            frame = self._reader.frame(token)
        except DatasetError as error:
            return str(error)
        masks = {name: self._segment(image.image) for name, image in frame.cameras.items()}
        key = vote(frame.lidar, frame.cameras, masks, self._config.votes)
        voted, reasons = [key], []
        for record in sweeps:
            if 0 < abs(record.stamp_ns - frame.stamp_ns) <= 1e9 * self._config.reach_s:
                try:
                    voted.append(vote(read_sweep(record), frame.cameras, masks, self._config.votes, key))
                except DatasetError as error:
                    reasons.append(str(error))
        return _Keyframe(frame, voted, tuple(reasons))

    def _segment(self, image: torch.Tensor) -> Masks:
        masks = self._segmenter.segment(image)
        return Masks(self._class_of[masks.category.long()], masks.score)

    def _write(self, scene: str, token: str, own: _Keyframe, others: Sequence[_Keyframe]) -> None:
        ego_from_map = se3.invert(own.frame.lidar.map_from_ego)
        sweeps = [sweep for other in others for sweep in other.sweeps]
        semantics = aggregate(ego_from_map, own.sweeps, sweeps, self._config.aggregate)
        if self._vlm is not None:
            embeddings = embed_images(self._vlm, own.frame, (semantics < FREE).nonzero())
            write_embeddings(embeddings_path(self._out, scene, token), embeddings)
        write_pseudo_labels(labels_path(self._out, scene, token), semantics)
