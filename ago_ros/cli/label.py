"""`ago label`: pseudo-labels for AGO, without annotation."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ago_ros.cli.options import JsonFile, OptionalModel, Root, Version

if TYPE_CHECKING:
    from ago_ros.datasets.nuscenes import NuScenesReader

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command("label")
def label(
    root: Root,
    out: Annotated[Path, typer.Option(help="Folder to write to; one that was begun goes on.")],
    vlm: OptionalModel = "",
    segmenter: Annotated[
        str,
        typer.Option(help="sam3:MODEL or grounded-sam2:DETECTOR,SAM2 for the masks; else --vlm's dense prediction."),
    ] = "",
    scene: Annotated[
        list[str] | None, typer.Option("--scene", "--scenes", help="Name of a scene, any number of times; else all.")
    ] = None,
    embeddings: Annotated[
        bool, typer.Option("--embeddings", help="Store --vlm's features of the images as well, for the alignment.")
    ] = False,
    frames: Annotated[int, typer.Option(min=0, help="Keyframes before and after that are aggregated.")] = 4,
    workers: Annotated[int, typer.Option(min=1, help="Processes; more than one run on Ray.")] = 1,
    address: Annotated[
        str | None, typer.Option(help="A running Ray cluster whose machines see the same folders, or auto.")
    ] = None,
    version: Version = None,
    device: Annotated[str, typer.Option(help="cpu or cuda; with cuda, a GPU for each worker.")] = "cpu",
    json_file: JsonFile = None,
) -> None:
    """Label voxels from images and LiDAR: Occ3D's classes, 17 free, 255 unobserved, in Occ3D's layout below OUT/gts.

    Keyframes that cannot be read are skipped and reported. The status is 2 if not one keyframe has labels in the end.
    """
    import time

    from ago_ros.cli.errors import CommandError
    from ago_ros.cli.progress import progress_bar
    from ago_ros.datasets.nuscenes import NuScenesReader
    from ago_ros.evaluation.benchmark import write_json
    from ago_ros.occupancy.pseudo_labels.jobs import LabelJob, run_job
    from ago_ros.occupancy.pseudo_labels.keyframes import LabelConfig

    if not vlm and (embeddings or not segmenter):
        raise ValueError("name a model: --vlm for masks or embeddings, or --segmenter sam3:... or grounded-sam2:...")
    reader = NuScenesReader(root, version)
    names = scene or [each.name for each in reader.scenes]
    if embeddings:
        _announce_embeddings(reader, names, vlm, device, out)
    job = LabelJob(
        str(root.resolve()), str(out.resolve()), segmenter or f"vlm:{vlm}", vlm if embeddings else "", version, device,
        config=LabelConfig(frames=frames),
    )  # fmt: skip
    begun = time.monotonic()
    with progress_bar("labelling") as progress:
        outcomes = run_job(job, names, workers, address, progress)
    seconds = time.monotonic() - begun
    count = {status: sum(each.status == status for each in outcomes) for status in ("labelled", "existing", "skipped")}
    troubles = [
        {"scene": each.scene, "keyframe": each.sample_token, "status": each.status, "reason": reason}
        for each in outcomes
        for reason in each.reasons
    ]
    report = {"segmenter": job.segmenter, "scenes": names, **count, "seconds": seconds, "left_out": troubles}
    write_json(json_file, report)
    for trouble in troubles:
        what = "skipped" if trouble["status"] == "skipped" else "a sweep left out"
        typer.echo(f"{trouble['scene']} {trouble['keyframe']}: {what}: {trouble['reason']}", err=True)
    typer.echo(
        f"{out}: {count['labelled']} keyframes labelled, {count['existing']} were there, {count['skipped']} skipped; "
        f"{len(outcomes) / max(seconds, 1e-9):.2f} keyframes/s"
    )
    if count["skipped"] == len(outcomes):
        raise CommandError(f"{out}: not one of {len(outcomes)} keyframes has labels; see the reasons above")


def _announce_embeddings(reader: NuScenesReader, scenes: list[str], vlm: str, device: str, out: Path) -> None:
    """Says how large the embeddings will be, before any is made.

    Raises:
        ValueError: they do not fit on the disk.
    """
    from ago_ros.occupancy.pseudo_labels.embeddings import estimate_bytes
    from ago_ros.vlm.loading import load_vlm

    samples = [sample for scene in scenes for sample in reader.samples(scene)]
    cameras = [each.camera for each in reader.keyframe(samples[0].token).values() if each.camera is not None]
    if not cameras:
        raise ValueError(f"{reader.root}: keyframe {samples[0].token} has no camera: there is nothing to embed")
    model = load_vlm(vlm, device)
    size = estimate_bytes(model, cameras[0].height, cameras[0].width, len(cameras), len(samples))
    typer.echo(f"embeddings of {len(samples)} keyframes take about {size / 1e6:.1f} MB in half precision")
    existing = next(folder for folder in (out.resolve(), *out.resolve().parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    if size > free:
        raise ValueError(f"{out}: {free / 1e6:.1f} MB are free, too few for the embeddings; name a folder elsewhere")
