"""What benchmarks do with their figures."""

import json
from dataclasses import replace

import pytest

from ago_ros.evaluation.benchmark import Result, given_command, make_parser, publish, publish_all, replace_part

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


def test_several_results_share_one_page_and_one_report(tmp_path, capsys):
    page = tmp_path / "page.md"
    page.write_text(PAGE + PAGE.replace("speed", "size"))
    other = replace(RESULT, name="size", title="Size of things")
    publish_all([RESULT, other], "ago eval things", tmp_path / "all.json", page, {"runs": 3})
    assert json.loads((tmp_path / "all.json").read_text()) == {"runs": 3}
    assert page.read_text().count("`ago eval things`") == 2 and "old" not in page.read_text()
    assert "Size of things" in capsys.readouterr().out


def test_a_page_that_lacks_a_part_stays_as_it_was(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    with pytest.raises(ValueError, match="size: begin"):
        publish_all([RESULT, replace(RESULT, name="size")], "c", None, page)
    assert page.read_text() == PAGE


def test_the_command_leaves_out_where_it_wrote(monkeypatch):
    monkeypatch.setattr("sys.argv", ["benchmarks/speed.py", "--table", "3", "--json=x", "--deep", "2", "--docs", "y"])
    assert given_command() == "python benchmarks/speed.py --table 3 --deep 2"
    assert given_command("table") == "python benchmarks/speed.py --deep 2"


def test_writing_twice_changes_nothing():
    once = replace_part(PAGE, "speed", RESULT.markdown("c"))
    assert replace_part(once, "speed", RESULT.markdown("c")) == once


@pytest.mark.parametrize("page", ["", "<!-- speed: begin -->", "<!-- speed: end --><!-- speed: begin -->"])
def test_a_page_without_its_marks_is_refused(page):
    with pytest.raises(ValueError, match="speed: begin"):
        replace_part(page, "speed", "")
