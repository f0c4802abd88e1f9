"""Where in an image each phrase is: maps read from a model's own attention, over crops of many sizes."""

from ago_ros.vlm.relevancy_maps.config import RelevancyConfig
from ago_ros.vlm.relevancy_maps.maps import relevancy_maps

__all__ = ["RelevancyConfig", "relevancy_maps"]
