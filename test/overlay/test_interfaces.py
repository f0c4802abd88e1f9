"""tf2_msgs and vision_msgs: the same types on the wire as upstream's."""

import importlib
import json
from pathlib import Path

import pytest
from tf2_msgs.msg import TF2Error, TFMessage
from vision_msgs.msg import Detection3D, ObjectHypothesisWithPose

# Made by rosidl_generator_type_description from the definitions of geometry2 0.36.4 and vision_msgs 4.1.1.
UPSTREAM_HASHES = """
tf2_msgs/action/LookupTransform 0b8adf6bc0b5958879e3265b41a457e03558fe523890a81252c70eba97a82c5d
tf2_msgs/action/LookupTransform_Feedback 2da0b02f990f04404ab8c98a2a68cf5bbc773ae747f96911f2d55499cfb51542
tf2_msgs/action/LookupTransform_FeedbackMessage 10cb89922dcb103e95c185d43e8a5efa3d38db996f733151a2f3e2ac133f4839
tf2_msgs/action/LookupTransform_GetResult 3cd1715751899e3167b5aec3e4ac194f7da9e8493a77285f9f6a4c914f5e8b24
tf2_msgs/action/LookupTransform_GetResult_Event 3260115e0f6a676d621f191f85a72a0c82f9fcb1483965c1fbaaab0b1d651a9e
tf2_msgs/action/LookupTransform_GetResult_Request 148f9bdc01f98922d6fb2072cb64468b89c57c7825d9d83b932c183deaa4697d
tf2_msgs/action/LookupTransform_GetResult_Response 954de3efc36b164c4d21116abdbdcc52746e454fd9c169b55d9cfd89e83d299d
tf2_msgs/action/LookupTransform_Goal 815efc294ad17c813c6043cdde781ff55810d49da02ed07f9237dcd20e88d498
tf2_msgs/action/LookupTransform_Result 061d4423af5352ff5314c8effef8faab133991a78f1b2bcd1fecabad80871225
tf2_msgs/action/LookupTransform_SendGoal 4646ff5706c86b04d0a1098d329951a9731a7517e16702905de6073cc72c8530
tf2_msgs/action/LookupTransform_SendGoal_Event 5ab93d3d6c35b56390325099cb088c73bae176a39123f2f6dfe119582436acc5
tf2_msgs/action/LookupTransform_SendGoal_Request eb1312eb7aab35e35c71bb87c2ba3a94747c5a6544ea32bb2b32b0f75775b8ca
tf2_msgs/action/LookupTransform_SendGoal_Response c1ada93304793c08813657255e7bde2e40e2114aa634b702c3f8d4b72ae098bc
tf2_msgs/msg/TF2Error db2485e7d6a0ec75bf087e058ee45df682acc3a621ca7780503d10aac141809a
tf2_msgs/msg/TFMessage e369d0f05a23ae52508854b66f6aa0437f3449d652e8cbf22d5abe85d020f087
tf2_msgs/srv/FrameGraph 0d1fbc6222c018ba5f33822904a2fdd4063705289956d3fdde07cd8c50fe8067
tf2_msgs/srv/FrameGraph_Event 97e5494f0af64046abdb3f1fc91a91f0a3ac7f1132dcfe32f350601227daa817
tf2_msgs/srv/FrameGraph_Request 4cc565da6b64726d0b0be1ce20f3a3a695679b841a79abfca2fcdc94f562b08d
tf2_msgs/srv/FrameGraph_Response e33d5473ce0fac04c66203779f2b719a9de0f8388b248852d3a47a019e62e36d
vision_msgs/msg/BoundingBox2D 008eacbb0cf8f26e83795547bed013eec3675485ef386ec056d80eaaf1c1ce2f
vision_msgs/msg/BoundingBox2DArray 2464e82838009386d371b523211c21c91d74d313fcdd6788223c531d621cf691
vision_msgs/msg/BoundingBox3D bbb73a65c163d7f9bb29009c7bde9f7faa576bd2d23299c4511d19230dab4698
vision_msgs/msg/BoundingBox3DArray a81938db9576b10c2eecd7c5a5da3eac496efd00221b25ed051dfbc81fb56da6
vision_msgs/msg/Classification f74db28d0eaef3afb78f48bf2161cd709a1383a0309d3454383b25be11345143
vision_msgs/msg/Detection2D 0d12b69df5c593b3455b7346fac8205437a7d4bcb09b9e0e0b2dde787ded38ea
vision_msgs/msg/Detection2DArray 214274120007f4a683866481336b70310268cfa107aebe9d594a6acf75bda968
vision_msgs/msg/Detection3D ddd703be132ab0b69d33121f1bb034132bfbb3b0ac5f9fb1516005ba1c8a265b
vision_msgs/msg/Detection3DArray 793f5eab9595ac1c0da07873cc859db42eae51f0ee76056db8562515d830e018
vision_msgs/msg/LabelInfo 3d37df4015cdf660cc851c51897f2acd957e1ca6205ba0a99aebffb9406b0783
vision_msgs/msg/ObjectHypothesis 51da43cec11c01957a64d1e05a24acd18aae7745ec30b74348ad5f6d634f7f90
vision_msgs/msg/ObjectHypothesisWithPose 41c12344c0396c48b81df12467c192d99b2a0eb1463c5c37194e4223251c80bc
vision_msgs/msg/Point2D eab0e83f44ab4de92ceaf76dd7d0e7638f2bdd1d16ffbe16c7a136c48e407247
vision_msgs/msg/Pose2D b0b5d1d7b4c20dd4fcde3ed1d4b289a919290572007d67a97043814db25d3648
vision_msgs/msg/VisionClass 1e4a11f0fed50b5623cb8ff26ca0e37952a48a9c074d16f804b44e9164c2037a
vision_msgs/msg/VisionInfo 95d3116a17484ad91c9a2686e1d54890bbfc3ff6c6a2de137738c4950d45d284
"""


def installed_hashes(package: str) -> dict[str, str]:
    """The type hashes that an installed interface package says its types have."""
    module = Path(importlib.import_module(package).__file__)
    share = next(folder / "share" / package for folder in module.parents if (folder / "share" / package).is_dir())
    hashes = {}
    for kind in ("msg", "srv", "action"):
        for file in share.glob(f"{kind}/*.json"):
            entries = json.loads(file.read_text())["type_hashes"]
            hashes |= {e["type_name"]: e["hash_string"] for e in entries if e["type_name"].startswith(f"{package}/")}
    return hashes


@pytest.mark.parametrize("package", ["tf2_msgs", "vision_msgs"])
def test_type_hashes_are_upstreams(package):
    expected = dict(line.split() for line in UPSTREAM_HASHES.strip().splitlines() if line.startswith(f"{package}/"))
    assert installed_hashes(package) == {name: f"RIHS01_{value}" for name, value in expected.items()}


def test_constants_are_upstreams():
    names = "NO_ERROR LOOKUP_ERROR CONNECTIVITY_ERROR EXTRAPOLATION_ERROR INVALID_ARGUMENT_ERROR TIMEOUT_ERROR"
    assert [getattr(TF2Error, name) for name in [*names.split(), "TRANSFORM_ERROR"]] == list(range(7))


def test_messages_hold_what_they_are_given():
    detection = Detection3D(id="7", results=[ObjectHypothesisWithPose()])
    detection.results[0].hypothesis.class_id = "traffic cone"
    detection.bbox.size.x = 0.4
    assert detection.results[0].hypothesis.class_id == "traffic cone"
    assert TFMessage().transforms == []
