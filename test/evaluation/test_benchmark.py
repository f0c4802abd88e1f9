"""What benchmarks do with their figures."""

import json

import pytest

from ago_ros.evaluation.benchmark import Result, make_parser, publish, replace_part

RESULT = Result(
    "speed", "Speed of things", ("thing", "ms"), [("ours", "1.0"), ("theirs", "9.0")], "goal: met", {"rows": 2}
)
PAGE = "# Page\n<!-- speed: begin -->\nold\n<!-- speed: end -->\nrest\n"


def test_a_result_is_printed_and_written(tmp_path, capsys, monkeypatch):
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    arguments = ["--json", str(tmp_path / "deep" / "speed.json"), "--docs", str(page)]
    monkeypatch.setattr("sys.argv", ["speed.py", "--fast", *arguments])
    publish(RESULT, make_parser("Measure.").parse_args(arguments))
    shown = capsys.readouterr().out
    assert "theirs" in shown and "goal: met" in shown
    assert json.loads((tmp_path / "deep" / "speed.json").read_text())["rows"] == 2
    text = page.read_text()
    assert "| ours | 1.0 |" in text and "old" not in text and text.endswith("rest\n")
    assert "`python benchmarks/speed.py --fast`" in text


def test_writing_twice_changes_nothing():
    once = replace_part(PAGE, "speed", RESULT.markdown("c"))
    assert replace_part(once, "speed", RESULT.markdown("c")) == once


@pytest.mark.parametrize("page", ["", "<!-- speed: begin -->", "<!-- speed: end --><!-- speed: begin -->"])
def test_a_page_without_its_marks_is_refused(page):
    with pytest.raises(ValueError, match="speed: begin"):
        replace_part(page, "speed", "")
