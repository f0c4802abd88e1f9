"""What SemAbs is held against: the same encoder, fed differently. Source: SemAbs section 4, "Metrics & Baselines".

Two of the baselines are a `network.SemAbs` itself: ClipSpatial completes the relevancy of the whole description, and
"single-scale" is given maps of one crop of the image. SemAware alone is another network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.scene_query.query import Query
from ago_ros.scene_query.semabs.config import SemAbsConfig, SemAwareConfig
from ago_ros.scene_query.semabs.free_space import FreeSpace, stack_shares
from ago_ros.scene_query.semabs.network import PointHead, VolumeEncoder, Volumes
from ago_ros.scene_query.semabs.volume import Aligned


@dataclass(frozen=True)
class Method:
    """How a method is fed and asked.

    Attributes:
        network: "semabs" or "semaware".
        whole_description: the input is the relevancy of the description as one phrase; else of target and reference.
        multi_scale: the relevancy is read from crops of several sizes, else from the whole image alone.
    """

    network: str = "semabs"
    whole_description: bool = False
    multi_scale: bool = True

    def phrases(self, query: Query) -> tuple[str, ...]:
        """Returns the phrases whose relevancy a query needs: none where the network sees colours."""
        if self.network == "semaware":
            return ()
        if self.whole_description or query.reference is None:
            return (str(query),)
        return (query.target, query.reference)

    def configure(self, base: SemAbsConfig, text_dim: int) -> SemAbsConfig | SemAwareConfig:
        """Returns the configuration of the method at the size of a SemAbs network.

        Args:
            base: the SemAbs network that it is held against.
            text_dim: dimension of the text embeddings, for the network that reads them.
        """
        if self.network == "semaware":
            return SemAwareConfig(replace(base.encoder, inputs=3), text_dim, base.temperature, base.grid)
        return replace(base, heads=("complete",)) if self.whole_description else base


METHODS = {
    "semabs": Method(),
    "single_scale": Method(multi_scale=False),
    "clip_spatial": Method(whole_description=True),
    "semaware": Method(network="semaware"),
}


class SemAware(nn.Module):
    """Sees coloured points, and compares its features with the embedding of a class or of a whole description.

    Args:
        config: its size.
    """

    def __init__(self, config: SemAwareConfig) -> None:
        super().__init__()
        self.config = config
        layout = Aligned()
        self.encoder = VolumeEncoder(config.encoder, layout)
        self.meaning = PointHead(config.encoder.channels, config.text_dim, layout)

    def encode(
        self,
        points: Sequence[Tensor],
        colours: Sequence[Tensor],
        grid: VoxelGrid | None = None,
        free: Sequence[FreeSpace | None] | None = None,
    ) -> Volumes:
        """Encodes V scenes, whatever will be asked of them.

        Args:
            points: V clouds (P, 3), frame of the grid, metres; P may differ.
            colours: V times (P, 3), RGB as 0..1.
            grid: the voxels; None for those of the configuration.
            free: of each scene, for a network that sees free space.
        """
        grid, shares = grid or self.config.grid, None
        if self.encoder.sees_free_space:
            shares = stack_shares(free or [None] * len(points), grid)
        return self.encoder(grid, points, [2 * colour - 1 for colour in colours], shares)

    def match(self, volumes: Volumes, texts: Tensor, queries: Tensor) -> Tensor:
        """Tells where what a text says is.

        Args:
            volumes: V scenes.
            texts: (V, T) embeddings; of a class (OVSSC), or of a description such as "mug behind box" (VOOL).
            queries: (Q, 3) or (V, Q, 3), frame of the grid, metres.

        Returns:
            (V, Q) logits; NaN outside of the grid.
        """
        features = self.meaning(volumes, queries)
        return cosine_similarity(features, texts[:, None].to(features), dim=-1) / self.config.temperature
