"""The embedded text encoder on prepositions that are on no list: what is understood, and what is refused."""

import pytest

from ago_ros.scene_query.parse import parse_question
from ago_ros.scene_query.prepositions import DISTRACTORS, OTHERS, RELATIONS, SYNONYMS, THRESHOLD, Prepositions
from ago_ros.scene_query.query import Query, QueryError, Question
from ago_ros.vlm.loading import ModelError, load_text_encoder

UNDERSTOOD = {
    "in": ("encased in the", "enclosed within the walls of", "in the inner part of", "contained by",
           "inside the bounds of", "within the boundaries of", "within the interior of", "inside the body of"),
    "on": ("on the upper surface of", "at the very top of", "over the top of", "on the topmost part of",
           "on the uppermost part of", "upon the top of"),
    "behind": ("rearward of", "hidden from view by", "at the back side of", "in the rear of", "at the rear side of",
               "in the shadow of", "at the far back of", "on the far end of", "on the reverse side of",
               "hidden away by", "to the rear side of"),
    "in front of": ("forward of", "before the front of", "at the front side of", "at the very front of",
                    "at the front end of", "in the front of"),
    "left of": ("leftward of", "leftwards of", "to the left-hand side of", "at the left-hand side of",
                "on the left part of", "left-hand of"),
    "right of": ("rightward of", "rightwards of", "to the right-hand side of", "at the right-hand side of",
                 "on the right part of", "right-hand of"),
}  # fmt: skip
REFUSED = (
    "in the neighbourhood of", "in the proximity of", "out of", "orbiting", "north of", "north-west of", "amongst",
    "in the midst of", "at the side corner of", "to the side of", "halfway to", "as big as", "similar to", "used by",
    "higher than", "lower than", "closer to", "adjacent to", "painted by", "owned by", "eaten by", "worn by",
    "driven by", "in the way of", "at the heart of", "on the underside of", "on the corner of", "on the bottom of",
    "within reach of", "parallel to", "on one side of", "encircled by", "at the border of", "at the tip of",
    "thanks to", "in spite of", "instead of",
)  # fmt: skip


@pytest.fixture(scope="module")
def prepositions() -> Prepositions:
    encoder = load_text_encoder()
    return Prepositions(lambda: encoder)


def test_no_example_is_on_a_list(prepositions):
    for phrase in (*sum(UNDERSTOOD.values(), ()), *REFUSED):
        assert prepositions.listed(phrase) == "", phrase


def test_every_example_is_understood_or_refused_as_a_person_would(prepositions):
    wrong = [p for relation, phrases in UNDERSTOOD.items() for p in phrases if prepositions.relation(p) != relation]
    assert not wrong
    assert not [phrase for phrase in REFUSED if prepositions.relation(phrase) is not None]


def test_the_threshold_is_where_the_examples_are_told_apart(prepositions):
    """Lower, some of what must be refused is taken for a relation; higher, some of what is meant is refused."""
    known = {phrase for phrases in SYNONYMS.values() for phrase in phrases}
    misread = [likeness for near, likeness in map(prepositions.nearest, REFUSED) if near in known]
    meant = [prepositions.nearest(phrase)[1] for phrases in UNDERSTOOD.values() for phrase in phrases]
    assert max(misread) < THRESHOLD <= min(meant)
    assert THRESHOLD - max(misread) < 0.03 and min(meant) - THRESHOLD < 0.03


def test_lists_do_not_overlap_and_need_no_model():
    every = [*sum(SYNONYMS.values(), ()), *OTHERS, *DISTRACTORS]
    assert len(set(every)) == len(every)

    def refuse():
        raise AssertionError("a listed preposition needs no model")

    lists = Prepositions(refuse)
    for relation, phrases in SYNONYMS.items():
        assert {lists.relation(phrase) for phrase in phrases} == {relation}
    assert {lists.relation(phrase) for phrase in (*OTHERS, *DISTRACTORS)} == {None}
    assert lists.relation("lurking  Behind") == "behind"
    assert lists.relation("right in front of") == "in front of"
    assert lists.relation("hovering over") is None


def test_free_text_with_a_preposition_on_no_list(prepositions):
    question = parse_question("the mug rearward of the box or leftward of the lamp", prepositions)
    assert question == Question(((Query("mug", "behind", "box"),), (Query("mug", "left of", "lamp"),)))
    with pytest.raises(QueryError, match="'in the proximity of' is not known: use one of in, on"):
        parse_question("the mug in the proximity of the box", prepositions)
    with pytest.raises(QueryError, match="'rearward of' is not known"):
        parse_question("the mug rearward of the box", Prepositions())


def test_without_the_encoder_the_refusal_says_what_to_install_and_what_to_say_instead():
    def missing():
        raise ModelError("the text encoder is not installed: pip install it")

    with pytest.raises(QueryError, match="is not installed: pip install it; without it, use one of in, on") as refusal:
        parse_question("the mug rearward of the box", Prepositions(missing))
    assert all(relation in str(refusal.value) for relation in RELATIONS)
