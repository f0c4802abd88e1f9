"""Close-ups of the room world: balanced, as they should be captioned, and with nothing in them that is held out."""

from collections import Counter

import numpy as np
import pytest

from ago_ros.datasets.captioned_views.close_ups import draw_close_ups
from ago_ros.datasets.captioned_views.store import CaptionedView
from ago_ros.datasets.room_world.catalogue import CLASSES, NOVEL_CLASSES, SHOWROOM
from ago_ros.datasets.room_world.descriptions import descriptions
from ago_ros.datasets.room_world.finishes import COLOURS, NOVEL_COLOURS, SUBSTANCES, Finish
from ago_ros.datasets.room_world.furnishing import STRUCTURE_INSTANCES, furnish
from ago_ros.datasets.room_world.splits import SPLITS, Split

DISGUISED = Split("disguised", 0, disguised=True)


@pytest.fixture(scope="module")
def close_ups() -> list[CaptionedView]:
    return draw_close_ups(0, 24, side=64)


def test_every_picture_shows_another_thing_and_is_captioned(close_ups):
    assert len(close_ups) == 24
    assert all(view.image.shape == (64, 64, 3) and view.regions.shape == (64, 64) for view in close_ups)
    largest = Counter()
    for view in close_ups:
        things = [(np.count_nonzero(view.regions == i + 1), text.name) for i, text in enumerate(view.texts)]
        things = [(pixels, name) for pixels, name in things if name not in ("wall", "floor", "ceiling")]
        assert max(things)[0] >= 0.02 * 64 * 64, "nothing to be seen"
        largest[max(things)[1]] += 1
    assert len(largest) >= 10


def test_the_same_number_gives_the_same_pictures(close_ups):
    again = draw_close_ups(0, 3, side=64)
    for one, other in zip(close_ups[:3], again, strict=True):
        assert np.array_equal(one.image, other.image) and one.texts == other.texts


def test_a_showroom_has_classes_of_all_rooms_and_no_novel_one():
    names = Counter(item.name for seed in range(30) for item in furnish(seed, SPLITS["train"], SHOWROOM).items)
    assert not set(names) & NOVEL_CLASSES
    trained = set(CLASSES) - NOVEL_CLASSES
    assert len(trained & set(names)) >= 0.97 * len(trained)
    rooms = Counter(item.name for seed in range(30) for item in furnish(seed, SPLITS["train"]).items)
    rare = sorted(rooms[name] for name in trained)[: len(trained) // 4]
    assert sum(sorted(names[name] for name in trained)[: len(trained) // 4]) > 2 * sum(rare), "no better balanced"


def test_disguises_wear_seen_colours_on_seen_finishes_in_new_pairs():
    finishes = {f for word, substance in SUBSTANCES.items() if substance.novel for f in substance.finishes}
    worn, usual = set(), set()
    for seed in range(6):
        for split, found in ((DISGUISED, worn), (SPLITS["train"], usual)):
            for item in furnish(seed, split, SHOWROOM).items[STRUCTURE_INSTANCES:]:
                if item.look and item.look.substance:
                    found.add((item.name, item.look.main.material))
    assert {material for _, material in worn} <= finishes
    assert Finish.MARBLE not in finishes
    assert len(worn - usual) > len(worn) / 3


def test_nothing_is_said_of_a_disguise():
    pictures = draw_close_ups(1, 6, side=48, disguised=True)
    assert sum(len(view.texts) for view in pictures) > 6
    for view in pictures:
        for text in view.texts:
            assert text.phrases == (text.name, *descriptions(text.name))
    assert not {c for view in pictures for text in view.texts for c in NOVEL_COLOURS if c in " ".join(text.phrases)}
    assert set(NOVEL_COLOURS) <= set(COLOURS)
