"""Quality of service: from options, from what publishers offer, from bags and from YAML."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import (
    QoSDurabilityPolicy,
    QoSHistoryPolicy,
    QoSLivelinessPolicy,
    QoSPresetProfiles,
    QoSProfile,
    QoSReliabilityPolicy,
)

DEFAULT_DEPTH = 10
POLICIES = {
    "history": QoSHistoryPolicy,
    "reliability": QoSReliabilityPolicy,
    "durability": QoSDurabilityPolicy,
    "liveliness": QoSLivelinessPolicy,
}
DURATIONS = ("deadline", "lifespan", "liveliness_lease_duration")


def add_qos_arguments(parser: argparse.ArgumentParser, default_profile: str) -> None:
    """Adds upstream's QoS options."""
    parser.add_argument(
        "--qos-profile",
        choices=QoSPresetProfiles.short_keys(),
        default=default_profile,
        help="preset to start from (default %(default)s)",
    )
    parser.add_argument("--qos-depth", metavar="N", type=int, help="queue size")
    for name, policy in POLICIES.items():
        parser.add_argument(f"--qos-{name}", choices=policy.short_keys(), help=f"{name} instead of the preset's")
    parser.add_argument("--qos-liveliness-lease-duration-seconds", type=float, help="instead of the preset's")


def subscription_qos(node: Node, topic: str, arguments: argparse.Namespace) -> QoSProfile:
    """Returns the profile that the options ask for; without options, one that suits every publisher."""
    profile = QoSPresetProfiles.get_from_short_key(arguments.qos_profile)
    lease_s = arguments.qos_liveliness_lease_duration_seconds
    given = {name: getattr(arguments, f"qos_{name}") for name in POLICIES}
    if arguments.qos_depth is None and lease_s is None and not any(given.values()):
        return compatible_with_publishers(node, topic, profile)
    for name, value in given.items():
        if value:
            setattr(profile, name, POLICIES[name].get_from_short_key(value))
    if lease_s is not None:
        profile.liveliness_lease_duration = Duration(seconds=lease_s)
    if arguments.qos_depth is not None:
        profile.depth = arguments.qos_depth
    elif profile.durability == QoSDurabilityPolicy.TRANSIENT_LOCAL and profile.depth == 0:
        profile.depth = 1
    return profile


def compatible_with_publishers(node: Node, topic: str, profile: QoSProfile) -> QoSProfile:
    """Returns the profile with the strictest reliability and durability that reach every publisher of the topic."""
    offers = [info.qos_profile for info in node.get_publishers_info_by_topic(topic)]
    if not offers:
        return profile
    reliable = QoSReliabilityPolicy.RELIABLE, QoSReliabilityPolicy.BEST_EFFORT
    latched = QoSDurabilityPolicy.TRANSIENT_LOCAL, QoSDurabilityPolicy.VOLATILE
    profile.reliability = _strictest([offer.reliability for offer in offers], *reliable)
    profile.durability = _strictest([offer.durability for offer in offers], *latched)
    return profile


def _strictest(offered: Sequence[Any], strict: Any, lax: Any) -> Any:
    if all(policy == strict for policy in offered):
        return strict
    if strict in offered:
        print(
            f"Some, but not all, publishers are offering {type(strict).__name__}.{strict.name}. Falling back to "
            f"{type(lax).__name__}.{lax.name} as it will connect to all publishers"
        )
    return lax


def qos_from_mapping(values: Mapping[str, Any]) -> QoSProfile:
    """Makes a profile from what a QoS override file holds for a topic.

    Raises:
        ValueError: a policy is not known, or has not such a value.
    """
    settings: dict[str, Any] = {}
    for name, value in values.items():
        if name in POLICIES:
            settings[name] = _policy(name, value)
        elif name in DURATIONS:
            settings[name] = Duration(seconds=value.get("sec", 0), nanoseconds=value.get("nsec", 0))
        elif name in ("depth", "avoid_ros_namespace_conventions"):
            settings[name] = value
        else:
            raise ValueError(f"'{name}' is not a QoS policy")
    if "history" not in settings and "depth" not in settings:
        settings["depth"] = DEFAULT_DEPTH
    return QoSProfile(**settings)


def _policy(name: str, value: str) -> Any:
    keys = POLICIES[name].short_keys()
    if value not in keys:
        raise ValueError(f"'{value}' is not a {name}, expected one of: {', '.join(keys)}")
    return POLICIES[name].get_from_short_key(value)


def qos_from_offers(offers: Sequence[Any]) -> QoSProfile:
    """Makes the profile to play a topic with from the profiles that it was recorded with (rosbags' Qos).

    Where the recorded publishers differ, the laxest reliability and durability of them are offered.
    """
    profile = QoSProfile(depth=DEFAULT_DEPTH)
    if not offers:
        return profile
    profile.depth = max(DEFAULT_DEPTH, *(offer.depth for offer in offers))
    if any(offer.reliability.name == "BEST_EFFORT" for offer in offers):
        profile.reliability = QoSReliabilityPolicy.BEST_EFFORT
    if all(offer.durability.name == "TRANSIENT_LOCAL" for offer in offers):
        profile.durability = QoSDurabilityPolicy.TRANSIENT_LOCAL
    if all(offer.history.name == "KEEP_ALL" for offer in offers):
        profile.history = QoSHistoryPolicy.KEEP_ALL
    return profile
