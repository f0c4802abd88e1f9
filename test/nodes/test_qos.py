import pytest
from rclpy.qos import DurabilityPolicy, QoSCompatibility, ReliabilityPolicy, qos_check_compatible

from ago_ros.nodes.qos import PRESETS, make_qos, why_incompatible


def test_presets_have_the_named_policies() -> None:
    assert make_qos("sensor_data", 7).reliability == ReliabilityPolicy.BEST_EFFORT
    assert make_qos("latched", 1).durability == DurabilityPolicy.TRANSIENT_LOCAL
    assert make_qos("reliable", 3).depth == 3


def test_an_unknown_preset_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="sensor_data, reliable, latched"):
        make_qos("fast", 1)


@pytest.mark.parametrize("offered", PRESETS)
@pytest.mark.parametrize("requested", PRESETS)
def test_compatibility_agrees_with_the_middleware(offered: str, requested: str) -> None:
    publisher, subscription = make_qos(offered, 1), make_qos(requested, 1)
    compatibility, _ = qos_check_compatible(publisher, subscription)
    assert bool(why_incompatible(publisher, subscription)) == (compatibility == QoSCompatibility.ERROR)
