"""Keeps the sweep period and the cameras' offsets up to date, and the spans of time that follow from them."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from ago_ros.sensors.assembler_config import AssemblerConfig
from ago_ros.sensors.offsets import learn_offsets
from ago_ros.sensors.sources import Source

_LOG = logging.getLogger(__name__)
_LEARN_EVERY_SWEEPS = 4
_TRACK_EVERY_SWEEPS = 32
_WINDOW_SHARE = 0.4
_LONG_GAP_PERIODS = 4


class Rhythm:
    """The rig's timing as far as it is known.

    Attributes:
        period_ns: Time between two sweeps, nanoseconds; None until learned.
        window_ns: An image belongs to a sweep when it is within this of its expected stamp.
        reach_ns: A stamp further than this from the newest sweep belongs to another timeline.
        silence_ns: A sensor that has sent nothing for this long is silent.
    """

    def __init__(self, config: AssemblerConfig) -> None:
        self._config = config
        self.period_ns: int | None = None
        self.window_ns = config.window_ns
        self.reach_ns = config.jump_ns
        self.silence_ns = config.silence_ns
        self._sweeps_since_learning = 0
        self._unsteady: frozenset[str] = frozenset()

    def count_sweep(self, anchor: Source, cameras: Mapping[str, Source], eager: bool) -> None:
        """Count a sweep, and every few sweeps learn from the histories, so that the cost per datum stays constant.

        Args:
            anchor: The LiDAR.
            cameras: The cameras, by name; their offsets are updated.
            eager: Learn more often.
        """
        self._sweeps_since_learning += 1
        every = _LEARN_EVERY_SWEEPS if eager or self.period_ns is None else _TRACK_EVERY_SWEEPS
        if self._sweeps_since_learning >= every:
            self._sweeps_since_learning = 0
            self._learn(anchor, cameras)

    def _learn(self, anchor: Source, cameras: Mapping[str, Source]) -> None:
        config = self._config
        learned = learn_offsets(
            anchor.history,
            {name: camera.history for name, camera in cameras.items()},
            spread_ns=config.window_ns,
            sweep_begin=config.sweep_begin,
            known={name: camera.offset_ns for name, camera in cameras.items() if camera.offset_ns is not None},
        )
        if learned is None:
            return
        self.period_ns = learned.period_ns
        self.window_ns = min(config.window_ns, round(_WINDOW_SHARE * learned.period_ns))
        self.reach_ns = max(config.jump_ns, _LONG_GAP_PERIODS * learned.period_ns)
        self.silence_ns = max(config.silence_ns, _LONG_GAP_PERIODS * learned.period_ns)
        for name, offset in learned.offsets_ns.items():
            if name not in config.offsets_ns:
                self._adopt(cameras[name], offset)
        unsteady = frozenset(n for n in learned.unsteady if cameras[n].offset_ns is None)
        if unsteady - self._unsteady:
            names = ", ".join(sorted(unsteady))
            _LOG.warning("no fixed phase relative to the sweeps: %s; set offsets_ns and window_ns for them", names)
        self._unsteady = unsteady

    def _adopt(self, camera: Source, offset_ns: int) -> None:
        if camera.offset_ns is None:
            _LOG.info("learned the offset of %s: %.1f ms", camera.name, offset_ns / 1e6)
        elif abs(offset_ns - camera.offset_ns) > self.window_ns:
            _LOG.warning("offset of %s moved from %d to %d ns", camera.name, camera.offset_ns, offset_ns)
        camera.offset_ns = offset_ns
