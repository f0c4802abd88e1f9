import pytest

from ago_ros.scene_query.parse import parse_query, parse_question
from ago_ros.scene_query.prepositions import RELATIONS
from ago_ros.scene_query.query import Query, QueryError, Question


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
        ("is there a ball behind the sofa?", Query("ball", "behind", "sofa")),
        ("the mug that has been left on the table", Query("mug", "on", "table")),
        ("mug just right of the box", Query("mug", "right of", "box")),
        ("left shoe left of the right shoe", Query("left shoe", "left of", "right shoe")),
        ("salt and pepper shaker behind the box", Query("salt and pepper shaker", "behind", "box")),
        ("mug behind black and white cow", Query("mug", "behind", "black and white cow")),
        ("bottle of water behind the box", Query("bottle of water", "behind", "box")),
        ("book on the roof of the car", Query("book", "on", "roof of the car")),
        ("man with a hat behind the car", Query("man with a hat", "behind", "car")),
        ("another box behind the box", Query("box", "behind", "box", another=True)),
        ("the person hidden by the van", Query("person", "behind", "van")),
    ],
)
def test_free_text_of_one_relation_is_understood(text, expected):
    assert parse_query(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("where could the mug be, behind the big red box or in the cupboard?", "mug behind big red box or in cupboard"),
        ("the cup left of the laptop and behind the lamp", "cup left of laptop and behind lamp"),
        ("mug behind the box and on the table or in the cupboard and left of the plate",
         "mug behind box and on table or in cupboard and left of plate"),
        ("mug in the jar or behind the box and left of the lamp", "mug in jar or behind box and left of lamp"),
        ("the mug behind the box or the lamp", "mug behind box or behind lamp"),
        ("the mug behind the box and the lamp", "mug behind box and behind lamp"),
        ("mug behind the box, left of the lamp or in the cupboard", "mug behind box or left of lamp or in cupboard"),
        ("mug behind the box, left of the lamp", "mug behind box and left of lamp"),
        ("where did I put my keys, in the drawer or on the table", "keys in drawer or on table"),
        ("the person standing behind the van or behind the van", "person behind van"),
        ("is the mug either behind the box, or inside the jar?", "mug behind box or in jar"),
    ],
)  # fmt: skip
def test_relations_joined_by_and_and_or_are_understood(text, expected):
    assert str(parse_question(text)) == expected


def test_and_binds_tighter_than_or():
    jar, box, lamp = Query("mug", "in", "jar"), Query("mug", "behind", "box"), Query("mug", "left of", "lamp")
    assert parse_question("mug in the jar or behind the box and left of the lamp") == Question(((jar,), (box, lamp)))
    assert parse_question("mug behind the box and left of the lamp or in the jar") == Question(((box, lamp), (jar,)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("  where is ?", "empty"),
        ("behind the box", "nothing stands before 'behind'"),
        ("what is behind the box", "nothing stands before 'behind'"),
        ("the mug behind", "nothing stands after 'behind'"),
        ("the mug behind the", "nothing stands after 'behind'"),
        ("mug behind the box and in the", "nothing stands after 'in'"),
        ("mug behind the box on the table", "2 relations, 'behind' and 'on', with no 'and' or 'or' between them"),
        ("mug next to the box", "'next to' is not known: use one of in, on, behind"),
        ("is there a ball under…", "'under' is not known"),
        ("mug behind the box or under the table", "'under' is not known"),
        ("mug between the box and the wall", "'between' is not known"),
        ("mug in the middle of the room", "'in the middle of' is not known"),
        ("mug not behind the box", "'not' is not known"),
        ("mug shielded by the box", "'shielded by' is not known"),
        ("the cup and the plate behind the box", "'cup' and 'plate' are two targets"),
        ("mug behind the box and the plate on the table", "'plate' stands before 'on': ask for one thing at a time"),
    ],
)
def test_what_is_not_understood_is_refused_with_advice(text, message):
    with pytest.raises(QueryError, match=message):
        parse_question(text)


def test_an_unknown_relation_is_refused_with_all_six():
    with pytest.raises(QueryError) as refusal:
        parse_question("mug near the box")
    assert all(relation in str(refusal.value) for relation in RELATIONS)


def test_one_query_is_asked_for_where_only_one_will_do():
    with pytest.raises(QueryError, match="2 relations: ask with one"):
        parse_query("mug behind the box or in the jar")
