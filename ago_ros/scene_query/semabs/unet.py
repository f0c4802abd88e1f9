"""A residual 3D UNet that keeps any volume's shape."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn.functional import max_pool3d, relu


def _convolution(width_in: int, width: int, groups: int) -> nn.Sequential:
    """GroupNorm, then a 3x3x3 convolution."""
    norm = nn.GroupNorm(groups if width_in >= groups else 1, width_in)
    return nn.Sequential(norm, nn.Conv3d(width_in, width, 3, padding=1, bias=False))


class ResidualBlock(nn.Module):
    """A convolution to another width, then two around which its output passes unchanged."""

    def __init__(self, width_in: int, width: int, groups: int) -> None:
        super().__init__()
        self.entry = _convolution(width_in, width, groups)
        self.inner = _convolution(width, width, groups)
        self.outer = _convolution(width, width, groups)

    def forward(self, volume: Tensor) -> Tensor:
        """Maps (V, width_in, X, Y, Z) to (V, width, X, Y, Z)."""
        kept = relu(self.entry(volume))
        return relu(self.outer(relu(self.inner(kept))) + kept)


class ResidualUNet(nn.Module):
    """Source: SemAbs section 6.2 names a 3D UNet; residual blocks and sums instead of joins after Lee et al. 2017.

    Args:
        width_in: channels of the volume that comes in.
        width_out: of the one that goes out.
        widths: of the levels; each further one halves the resolution, rounding up.
        groups: of every GroupNorm; one where a layer has fewer channels.
    """

    def __init__(self, width_in: int, width_out: int, widths: Sequence[int], groups: int) -> None:
        super().__init__()
        steps = list(zip([width_in, *widths[:-1]], widths, strict=True))
        self.down = nn.ModuleList(ResidualBlock(before, after, groups) for before, after in steps)
        climbs = [(after, before) for before, after in reversed(steps[1:])]
        self.rise = nn.ModuleList(nn.ConvTranspose3d(low, high, 3, stride=2, padding=1) for low, high in climbs)
        self.up = nn.ModuleList(ResidualBlock(high, high, groups) for _, high in climbs)
        self.out = nn.Conv3d(widths[0], width_out, 1)

    def forward(self, volume: Tensor) -> Tensor:
        """Maps (V, width_in, X, Y, Z) to (V, width_out, X, Y, Z), for any X, Y and Z."""
        volume = self.down[0](volume)
        passed = [volume]
        for block in self.down[1:]:
            volume = block(max_pool3d(volume, 2, ceil_mode=True))
            passed.append(volume)
        for rise, block, beside in zip(self.rise, self.up, passed[-2::-1], strict=True):
            volume = block(rise(volume, output_size=list(beside.shape[2:])) + beside)
        return self.out(volume)
