import pytest

from ago_ros.scene_query.query import Query, QueryError, make_query, parse_query


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mug", Query("mug")),
        ("Where is the mug?", Query("mug")),
        ("where's my red mug", Query("red mug")),
        ("the mug behind the box", Query("mug", "behind", "box")),
        ("Where is the X behind the Y?", Query("x", "behind", "y")),
        ("find a traffic cone in front of the fire engine", Query("traffic cone", "in front of", "fire engine")),
        ("mug inside the box", Query("mug", "in", "box")),
        ("mug within a box", Query("mug", "in", "box")),
        ("the book on top of the shelf", Query("book", "on", "shelf")),
        ("where is the book lying on the table", Query("book", "on", "table")),
        ("the dog to the left of the pram", Query("dog", "left of", "pram")),
        ("dog on the right of the pram", Query("dog", "right of", "pram")),
        ("dog on the left side of the pram", Query("dog", "left of", "pram")),
        ("a bicycle beyond the fence", Query("bicycle", "behind", "fence")),
        ("show me where the mug is behind the box", Query("mug", "behind", "box")),
        ("the bus ahead of the truck", Query("bus", "in front of", "truck")),
        ("could you locate the person hidden behind the van", Query("person", "behind", "van")),
        ("the man who is standing in front of the bus", Query("man", "in front of", "bus")),
        ("in-line skates on the bench", Query("in-line skates", "on", "bench")),
        ("the cone in the back of the truck", Query("cone", "behind", "truck")),
    ],
)  # fmt: skip
def test_free_text_is_understood(text, expected):
    assert parse_query(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("  where is ?", "empty"),
        ("behind the box", "nothing stands before 'behind'"),
        ("the mug behind", "nothing stands after 'behind'"),
        ("the mug behind the", "nothing stands after 'behind'"),
        ("mug behind the box on the table", "2 relations, 'behind' and 'on'"),
        ("mug next to the box", "'next to' is not known: use one of in, on, behind"),
        ("mug under the table", "'under' is not known"),
        ("mug between the box and the wall", "'between' is not known"),
    ],
)
def test_what_is_not_understood_is_refused_with_advice(text, message):
    with pytest.raises(QueryError, match=message):
        parse_query(text)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("the mug", "", ""), Query("mug")),
        (("mug", "Inside", "a box"), Query("mug", "in", "box")),
        (("mug", "to the  left of", "box"), Query("mug", "left of", "box")),
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
        (("mug", "orbiting", "box"), "unknown relation 'orbiting': use one of in, on"),
    ],
)
def test_half_queries_are_refused(parts, message):
    with pytest.raises(QueryError, match=message):
        make_query(*parts)


def test_query_reads_as_words():
    assert str(Query("mug", "left of", "box")) == "mug left of box"
    assert str(Query("mug")) == "mug"
