import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ago_ros.vlm.images import merge_tiles, normalise, plan_patches, plan_tiles

SIDES = st.integers(min_value=20, max_value=2000)


@settings(max_examples=200, deadline=None)
@given(SIDES, SIDES, st.sampled_from([(224, 32), (224, 16), (32, 8)]))
def test_tiles_cover_the_image_and_keep_its_aspect(height, width, sizes):
    size, patch = sizes
    tiling = plan_tiles(height, width, size, patch)
    covered = torch.zeros(tiling.height // patch, tiling.width // patch, dtype=torch.bool)
    for top, left in tiling.offsets:
        assert top % patch == left % patch == 0
        assert top + size <= tiling.height
        assert left + size <= tiling.width
        covered[top // patch : (top + size) // patch, left // patch : (left + size) // patch] = True
    assert covered.all()
    assert min(tiling.height, tiling.width) == size
    scale = size / min(height, width)
    assert abs(tiling.height - height * scale) <= patch / 2 + 1e-6
    assert abs(tiling.width - width * scale) <= patch / 2 + 1e-6


def test_a_street_camera_takes_two_tiles():
    assert plan_tiles(900, 1600, 224, 32).offsets == ((0, 0), (0, 160))


@settings(max_examples=200, deadline=None)
@given(SIDES, SIDES, st.integers(min_value=16, max_value=256))
def test_patches_stay_within_the_limit(height, width, limit):
    rows, columns = plan_patches(height, width, limit)
    assert rows >= 1
    assert columns >= 1
    assert rows * columns <= limit


def test_merged_tiles_return_what_was_cut():
    whole = torch.arange(2 * 3 * 8 * 2.0).reshape(2, 3, 8, 2)
    tiling = plan_tiles(30, 80, 24, 8)
    tiles = torch.stack([whole[:, :, left // 8 : left // 8 + 3] for _, left in tiling.offsets])
    torch.testing.assert_close(merge_tiles(tiles, tiling, 8), whole)


def test_resizing_agrees_with_pillow():
    import numpy as np
    from PIL import Image

    smooth = Image.fromarray(np.random.default_rng(1).integers(0, 256, (6, 9, 3), dtype=np.uint8)).resize((90, 60))
    expected = np.asarray(smooth.resize((48, 32), Image.Resampling.BICUBIC)) / 255
    ours = normalise(torch.from_numpy(np.array(smooth))[None], 32, 48, torch.zeros(3), torch.ones(3))
    assert abs(ours[0].permute(1, 2, 0).numpy() - expected).max() < 2 / 255
