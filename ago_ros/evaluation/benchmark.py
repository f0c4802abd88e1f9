"""What every benchmark does with its figures: print a table, write JSON, keep its row of docs/benchmarks.md."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
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
    """Prints a result, and writes it where the options say."""
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
    if options.json:
        report = {"benchmark": result.name, "title": result.title, "verdict": result.verdict, **result.figures}
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(report, indent=2) + "\n")
    if options.docs:
        arguments = re.sub(r" --(docs|json)[= ]\S+", "", " ".join(["", *sys.argv[1:]]))
        command = f"python benchmarks/{result.name}.py{arguments}"
        options.docs.write_text(replace_part(options.docs.read_text(), result.name, result.markdown(command)))


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
