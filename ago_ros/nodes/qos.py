"""Quality-of-service presets, chosen by name in the parameters."""

from __future__ import annotations

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

PRESETS: dict[str, tuple[ReliabilityPolicy, DurabilityPolicy]] = {
    "sensor_data": (ReliabilityPolicy.BEST_EFFORT, DurabilityPolicy.VOLATILE),
    "reliable": (ReliabilityPolicy.RELIABLE, DurabilityPolicy.VOLATILE),
    "latched": (ReliabilityPolicy.RELIABLE, DurabilityPolicy.TRANSIENT_LOCAL),
}
"""sensor_data: newest matters most, matches every publisher. reliable: sent again until it arrives. latched: reliable,
and kept for subscribers that come later."""


def make_qos(preset: str, depth: int) -> QoSProfile:
    """Builds the profile of a preset.

    Args:
        preset: A key of `PRESETS`.
        depth: How many messages a queue holds; the oldest goes first.

    Raises:
        ValueError: No such preset.
    """
    if preset not in PRESETS:
        raise ValueError(f"unknown QoS preset '{preset}'; choose one of {', '.join(PRESETS)}")
    reliability, durability = PRESETS[preset]
    return QoSProfile(depth=depth, reliability=reliability, durability=durability)


def why_incompatible(offered: QoSProfile, requested: QoSProfile) -> str:
    """Says why a publisher's offer does not satisfy a subscription's request, by DDS' rules; empty when it does."""
    reasons = []
    if requested.reliability == ReliabilityPolicy.RELIABLE and offered.reliability == ReliabilityPolicy.BEST_EFFORT:
        reasons.append("it is best effort and this node asks for reliable")
    if requested.durability == DurabilityPolicy.TRANSIENT_LOCAL and offered.durability == DurabilityPolicy.VOLATILE:
        reasons.append("it is volatile and this node asks for transient local")
    return "; ".join(reasons)
