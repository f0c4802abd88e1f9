"""Feeds any method with what it may see of a scene, and reads its answers: one way for training, scores and use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.scene_query.query import Query
from ago_ros.scene_query.semabs.baselines import Method, SemAware
from ago_ros.scene_query.semabs.free_space import FreeSpace
from ago_ros.scene_query.semabs.network import SemAbs, Volumes
from ago_ros.scene_query.semabs.points import RelevancyPoints


@dataclass(frozen=True, eq=False)
class SeenScene:
    """Points on what a view shows.

    Attributes:
        points: (P, 3) float32, frame of the grid: viewer along +x, y left, z up; metres.
        relevancy: (N, P) float32 of N phrases.
        phrases: N.
        colours: (P, 3) float32 RGB in 0..1.
        free: which space rays have passed through; None where that is not known.
    """

    points: Tensor
    relevancy: Tensor
    phrases: tuple[str, ...]
    colours: Tensor
    free: FreeSpace | None = None


Asked = tuple[int, Query]
"""Which scene is asked, and what; a query without a relation is to be completed."""


@dataclass(frozen=True, eq=False)
class EncodedScenes:
    """Scenes as a network has encoded them.

    Attributes:
        volumes: V of them.
        rows: the volume of each scene and phrase; "" is the phrase of a network that sees colours.
    """

    volumes: Volumes
    rows: Mapping[tuple[int, str], int]


def encode_scenes(
    network: SemAbs | SemAware,
    method: Method,
    scenes: Sequence[SeenScene],
    asked: Sequence[Asked],
    grid: VoxelGrid | None = None,
) -> EncodedScenes:
    """Encodes every phrase that the queries need, once for each scene.

    Args:
        network: of the method.
        method: says which phrases it is fed.
        scenes: what is seen.
        asked: all that will be asked.
        grid: the voxels; None for those of the network.

    Raises:
        ValueError: a scene lacks a phrase's relevancy, or the free space that the network sees.
    """
    if isinstance(network, SemAware):
        seen = [scene.points for scene in scenes], [scene.colours for scene in scenes]
        volumes = network.encode(*seen, grid, [scene.free for scene in scenes])
        return EncodedScenes(volumes, {(number, ""): number for number in range(len(scenes))})
    wanted = list(dict.fromkeys((number, phrase) for number, query in asked for phrase in method.phrases(query)))
    wanted.sort(key=lambda pair: pair[0])
    fed, free = [], []
    for number, scene in enumerate(scenes):
        phrases = [phrase for owner, phrase in wanted if owner == number]
        missing = sorted(set(phrases) - set(scene.phrases))
        if missing:
            raise ValueError(f"scene {number} has no relevancy of {missing[0]!r}: read its map first")
        rows = [scene.relevancy[scene.phrases.index(phrase)] for phrase in phrases]
        if rows:
            fed.append(RelevancyPoints(scene.points, torch.stack(rows)))
            free.append(scene.free)
    return EncodedScenes(network.encode(fed, grid, free), {pair: row for row, pair in enumerate(wanted)})


def read_answers(
    network: SemAbs | SemAware,
    method: Method,
    encoded: EncodedScenes,
    asked: Sequence[Asked],
    points: Tensor,
    texts: Mapping[str, Tensor] | None = None,
) -> Tensor:
    """Reads the answers at points.

    Args:
        network: of the method.
        method: as it was encoded for.
        encoded: the scenes.
        asked: A queries, any of those that were named in encoding.
        points: (Q, 3) or (A, Q, 3), frame of the grid, metres.
        texts: (T,) embeddings of every query in plain words, for a network that reads them.

    Returns:
        (A, Q) logits; NaN outside of the grid.
    """
    spread = points.expand(len(asked), *points.shape) if points.ndim == 2 else points
    if isinstance(network, SemAware):
        known = texts or {}
        told = torch.stack([known[str(query)] for _, query in asked])
        volumes = encoded.volumes.pick([encoded.rows[number, ""] for number, _ in asked])
        return network.match(volumes, told, spread)
    result = spread.new_empty(spread.shape[:2]).to(encoded.volumes.features.device)
    located = [i for i, (_, query) in enumerate(asked) if query.relation and not method.whole_description]
    completed = [i for i in range(len(asked)) if i not in set(located)]
    if completed:
        rows = [encoded.rows[asked[i][0], method.phrases(asked[i][1])[0]] for i in completed]
        result[completed] = network.complete(encoded.volumes.pick(rows), spread[completed]).to(result)
    if located:
        targets = encoded.volumes.pick([encoded.rows[asked[i][0], asked[i][1].target] for i in located])
        references = encoded.volumes.pick([encoded.rows[asked[i][0], str(asked[i][1].reference)] for i in located])
        relations = [str(asked[i][1].relation) for i in located]
        result[located] = network.locate(targets, references, relations, spread[located]).to(result)
    return result
