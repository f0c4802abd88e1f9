"""`ago eval relevancy`: how well relevancy maps find things in rooms."""

from __future__ import annotations

from typing import Annotated

import typer

from ago_ros.cli.options import Device, Docs, JsonFile, Model


def relevancy(
    vlm: Model,
    split: Annotated[
        list[str] | None,
        typer.Option(
            help="Test split, any number of times; else novel_rooms, novel_visual, novel_synonyms, novel_classes."
        ),
    ] = None,
    views: Annotated[int, typer.Option(min=1, help="Views of each split, and of the validation split.")] = 12,
    stride: Annotated[float, typer.Option(help="Step of our crops over their side; the paper has 0.25.")] = 0.5,
    jitters: Annotated[int, typer.Option(min=0, help="Versions in other colours; the paper has 5.")] = 0,
    flip: Annotated[bool, typer.Option("--flip", help="Mirrored crops too, as the paper has.")] = False,
    device: Device = "cpu",
    json_file: JsonFile = None,
    docs: Docs = None,
) -> None:
    """Score relevancy maps by what they point at in rooms: ours, the fast mode, and the naive version."""
    from ago_ros.cli.progress import progress_bar
    from ago_ros.datasets.room_world.splits import SPLITS
    from ago_ros.evaluation import relevancy_rooms as rooms
    from ago_ros.evaluation.benchmark import publish_all
    from ago_ros.vlm.loading import load_vlm

    tests = list(dict.fromkeys(split or rooms.TEST_SPLITS))
    for name in tests:
        if name not in SPLITS or name == rooms.VALIDATION:
            known = ", ".join(each for each in SPLITS if each != rooms.VALIDATION)
            raise ValueError(f"no test split {name!r}: use one of {known}")
    methods = rooms.compared_methods(stride, jitters, flip)
    drawn = {name: rooms.draw_views(name, views) for name in (rooms.VALIDATION, *tests)}
    with progress_bar("views") as progress:
        report = rooms.evaluate_relevancy(
            load_vlm(vlm, device), drawn, methods, lambda done: progress(done, views * len(drawn))
        )
    settings = {"vlm": vlm, "views": views, "stride": stride, "jitters": jitters, "flip": flip, "device": device}
    report = {"protocol": rooms.PROTOCOL, "settings": settings, **report}
    title = (
        f"Relevancy maps by pointing accuracy / mean IoU in %, {vlm}, {views} views of each split of the room world; "
        f"{rooms.OURS}: the paper's scales, stride {stride:g}, {jitters} jitters, {'' if flip else 'no '}flip"
    )
    result = rooms.to_result(report, title)
    typer.echo(rooms.PROTOCOL)
    chosen = "".join(f" --split {name}" for name in split or ()) + " --flip" * flip
    command = f"ago eval relevancy --vlm {vlm} --views {views} --stride {stride:g} --jitters {jitters}{chosen}"
    publish_all([result], command, json_file, docs)
