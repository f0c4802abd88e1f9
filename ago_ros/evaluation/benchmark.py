"""What every benchmark does with its figures: print a table, write JSON, keep its row of docs/benchmarks.md."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Result:
    """What a benchmark found.

    Attributes:
        name: of the benchmark; its part of the documentation bears the same name.
        title: what was measured, on what.
        columns: headings; the first column is text, the others numbers.
        rows: the cells as they are shown.
        verdict: one line: the goal, and whether it was met.
        figures: everything measured, for the JSON file.
    """

    name: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    verdict: str
    figures: dict[str, Any]

    def markdown(self, command: str) -> str:
        """Writes the result as a part of a Markdown page, with the command that printed it."""
        lines = [f"{self.title}. `{command}`", "", f"| {' | '.join(self.columns)} |"]
        lines.append("|" + "|".join(["---"] + ["---:"] * (len(self.columns) - 1)) + "|")
        lines += [f"| {' | '.join(row)} |" for row in self.rows]
        return "\n".join([*lines, "", f"{self.verdict[:1].upper()}{self.verdict[1:]}.", ""])


def make_parser(description: str) -> argparse.ArgumentParser:
    """Makes a parser with the options that every benchmark has, `--json` and `--docs`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument("--docs", type=Path, metavar="PAGE", help="replace this benchmark's part of a Markdown page")
    return parser


def publish(result: Result, options: argparse.Namespace) -> None:
    """Prints a benchmark's result, and writes it where the options of `make_parser` say."""
    publish_all([result], given_command(), options.json, options.docs)


def publish_all(
    results: Sequence[Result],
    command: str,
    json_file: Path | None,
    docs: Path | None,
    report: Mapping[str, Any] | None = None,
) -> None:
    """Prints results, and writes them where that is asked for.

    Args:
        results: one or more.
        command: that printed them, as the page shows it.
        json_file: for the figures.
        docs: Markdown page that has a part for each result.
        report: what the JSON file holds; else the figures of the first result.

    Raises:
        ValueError: the page lacks a part.
    """
    for result in results:
        _print(result)
    first = results[0]
    whole = {"benchmark": first.name, "title": first.title, "verdict": first.verdict, **first.figures}
    write_json(json_file, whole if report is None else report)
    if docs is not None:
        page = docs.read_text()
        for result in results:
            page = replace_part(page, result.name, result.markdown(command))
        docs.write_text(page)


def given_command(*without: str) -> str:
    """Returns the command line of this benchmark, but for `--json`, `--docs`, and the options named here."""
    options = "|".join(("json", "docs", *without))
    arguments = re.sub(rf" --({options})[= ]\S+", "", " ".join(["", *sys.argv[1:]]))
    return f"python benchmarks/{Path(sys.argv[0]).name}{arguments}"


def write_json(path: Path | None, report: Mapping[str, Any]) -> None:
    """Writes a report to a file; does nothing without one."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(report, indent=2) + "\n")


def _print(result: Result) -> None:
    table = Table(title=result.title)
    for number, heading in enumerate(result.columns):
        table.add_column(heading, justify="right" if number else "left", no_wrap=not number, overflow="fold")
    for row in result.rows:
        table.add_row(*row)
    console = Console()
    if not sys.stdout.isatty():
        console.width = max(140, console.measure(table, options=console.options.update(width=1000)).maximum)
    console.print(table)
    print(result.verdict)


def replace_part(page: str, name: str, part: str) -> str:
    """Replaces the part of a page between `<!-- NAME: begin -->` and `<!-- NAME: end -->`.

    Raises:
        ValueError: the page does not have both marks.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    if page.count(begin) != 1 or page.count(end) != 1 or page.index(begin) > page.index(end):
        raise ValueError(f"the page needs {begin} and, after it, {end}, once each")
    before, rest = page.split(begin)
    return f"{before}{begin}\n{part}{end}{rest.split(end)[1]}"
