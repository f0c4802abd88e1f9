"""Judges the node's books against the thresholds, for /diagnostics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

from ago_ros.nodes.monitor import Snapshot
from ago_ros.nodes.parameters import OccupancyParameters

OK, WARN, ERROR, STALE = (DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR, DiagnosticStatus.STALE)


class Finding(NamedTuple):
    """One thing that is not as it should be: a level of DiagnosticStatus, and what to tell."""

    level: bytes
    text: str


class Judge:
    """Turns snapshots into statuses. Remembers the last one, as drops are judged from one to the next."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._before: Snapshot | None = None

    def statuses(
        self,
        now: Snapshot,
        parameters: OccupancyParameters,
        assembler: Mapping[str, int],
        troubles: Sequence[str] = (),
    ) -> list[DiagnosticStatus]:
        """Writes two statuses: the inputs, and the grid.

        Args:
            now: the books.
            parameters: with the thresholds.
            assembler: further counters to show: data dropped by the assembler, by reason.
            troubles: what is missing that no grid can do without; an error each.
        """
        rates = {f"{name} rate (Hz)": f"{rate:.1f}" for name, rate in now.rates_hz.items()}
        lost = {f"{camera} lost: {reason}": str(count) for (camera, reason), count in now.lost_images.items()}
        waiting = {f"assembler: {reason}": str(count) for reason, count in assembler.items()}
        findings = [Finding(ERROR, f"missing: {trouble}") for trouble in troubles]
        findings += input_findings(now, parameters.stale_sec)
        inputs = self._status("inputs", findings, {**rates, **lost, **waiting})
        grid = self._status("grid", grid_findings(now, self._before, parameters), _grid_values(now))
        self._before = now
        return [inputs, grid]

    def _status(self, part: str, findings: list[Finding], values: Mapping[str, str]) -> DiagnosticStatus:
        level = max((finding.level for finding in findings), default=OK)
        text = "; ".join(finding.text for finding in findings) or "OK"
        pairs = [KeyValue(key=key, value=value) for key, value in values.items()]
        return DiagnosticStatus(name=f"{self._name}: {part}", level=level, message=text, values=pairs)


def input_findings(now: Snapshot, stale_sec: float) -> list[Finding]:
    """Names the inputs that are silent: a warning, or stale when all are."""
    silent = [name for name, seconds in now.silent_sec.items() if seconds > stale_sec]
    if silent and len(silent) == len(now.silent_sec):
        return [Finding(STALE, "no sensor data")]
    return [Finding(WARN, f"nothing from {', '.join(silent)}")] if silent else []


def grid_findings(now: Snapshot, before: Snapshot | None, limits: OccupancyParameters) -> list[Finding]:
    """Judges what the node puts out; drops since the snapshot before."""
    findings = []
    if now.error_silent_sec < limits.stale_sec:
        findings.append(Finding(ERROR, f"inference failed: {now.last_error}"))
    if now.output_silent_sec > limits.stale_sec:
        findings.append(Finding(STALE, "no grid goes out"))
    elif now.output_rate_hz < limits.min_rate_hz:
        findings.append(Finding(WARN, f"{now.output_rate_hz:.1f} grids a second, fewer than {limits.min_rate_hz:g}"))
    if now.latency_ms[1] > limits.max_latency_ms:
        findings.append(Finding(WARN, f"p95 latency {now.latency_ms[1]:.0f} ms, above {limits.max_latency_ms:g}"))
    frames = now.frames_in - (before.frames_in if before else 0)
    dropped = sum(now.dropped.values()) - (sum(before.dropped.values()) if before else 0)
    if frames and dropped / frames > limits.max_drop_share:
        reasons = {r: n - (before.dropped.get(r, 0) if before else 0) for r, n in now.dropped.items()}
        most = max(reasons, key=lambda reason: reasons[reason])
        findings.append(Finding(WARN, f"{dropped} of {frames} frames dropped, most for {most}"))
    return findings


def _grid_values(now: Snapshot) -> dict[str, str]:
    values = {
        "frames in": str(now.frames_in),
        "frames out": str(now.frames_out),
        **{f"frames dropped: {reason}": str(count) for reason, count in now.dropped.items()},
        "grid rate (Hz)": f"{now.output_rate_hz:.1f}",
        "invalid points": str(now.invalid_points),
        "errors": str(now.errors),
    }
    names = ("latency p50 (ms)", "latency p95 (ms)", "latency p99 (ms)", "compute p50 (ms)", "compute p95 (ms)")
    return values | {name: f"{value:.1f}" for name, value in zip(names, (*now.latency_ms, *now.compute_ms))}
