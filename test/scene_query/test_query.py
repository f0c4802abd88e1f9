import pytest

from ago_ros.scene_query.query import Query, QueryError, Question, make_query, noun


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("the mug", "", ""), Query("mug")),
        (("mug", "Inside", "a box"), Query("mug", "in", "box")),
        (("mug", "to the  left of", "box"), Query("mug", "left of", "box")),
        (("another box", "behind", "the box"), Query("box", "behind", "box", another=True)),
    ],
)
def test_parts_make_a_query(parts, expected):
    assert make_query(*parts) == expected


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (("", "behind", "box"), "no target"),
        (("mug", "behind", " "), "a relation but no reference"),
        (("mug", "", "box"), "a reference but no relation"),
        (("mug", "orbiting", "box"), "relation 'orbiting' is not known: use one of in, on"),
    ],
)
def test_half_queries_are_refused(parts, message):
    with pytest.raises(QueryError, match=message):
        make_query(*parts)


def test_query_reads_as_words():
    assert str(Query("mug", "left of", "box")) == "mug left of box"
    assert str(Query("mug")) == "mug"


def test_question_reads_as_words_and_drops_what_is_asked_twice():
    left, behind, inside = Query("mug", "left of", "box"), Query("mug", "behind", "lamp"), Query("mug", "in", "jar")
    question = Question(((left, behind, left), (inside,), (inside,)))
    assert question.alternatives == ((left, behind), (inside,))
    assert str(question) == "mug left of box and behind lamp or in jar"
    assert question.target == "mug"
    assert question.phrases == ("mug", "box", "lamp", "jar")
    assert str(Question(((Query("mug"),),))) == "mug"


@pytest.mark.parametrize(
    ("alternatives", "message"),
    [((), "empty"), (((),), "empty"), (((Query("mug"), Query("cup", "in", "box")),), "2 targets, cup, mug")],
)
def test_questions_that_ask_nothing_or_for_two_things_are_refused(alternatives, message):
    with pytest.raises(QueryError, match=message):
        Question(alternatives)


@pytest.mark.parametrize(
    ("one", "other", "contradictory"),
    [
        ("left of", "right of", True),
        ("behind", "in front of", True),
        ("in", "behind", True),
        ("on", "in", True),
        ("left of", "behind", False),
        ("on", "left of", False),
    ],
)
def test_what_no_place_can_satisfy_contradicts_itself(one, other, contradictory):
    first, second = Query("mug", one, "box"), Query("mug", other, "box")
    assert bool(Question(((first, second),)).contradictions()[0]) == contradictory
    assert bool(Question(((second, first),)).contradictions()[0]) == contradictory
    assert Question(((first,), (second,))).contradictions() == ("", "")
    assert Question(((first, Query("mug", other, "jar")),)).contradictions() == ("",)


def test_nothing_is_in_relation_to_itself_but_another_may_be():
    (reason,) = Question(((Query("box", "behind", "box"),),)).contradictions()
    assert reason == "no box is behind itself: say 'another box' if a second one is meant"
    assert Question(((Query("box", "behind", "box", another=True),),)).contradictions() == ("",)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("The  Mug", "mug"), ("mug that has been left", "mug"), ("another red mug", "red mug"), ("", ""), ("the", ""),
        ("the other mug", "mug"), ("left shoe", "left shoe"), ("theatre", "theatre"), ("mug just right", "mug"),
    ],
)  # fmt: skip
def test_nouns_lose_articles_and_what_leads_up_to_a_relation(words, expected):
    assert noun(words) == expected
