"""How the engine's reports become figures."""

import pytest

from backups_app.engine.errors import Cancelled
from backups_app.engine.progress import Stage, Stopwatch, Watch


def test_a_stopwatch_adds_up_each_stage_and_passes_reports_on(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 1.0, 3.0, 6.0, 10.0])
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    heard: list[tuple[Stage, int, int | None]] = []
    stopwatch = Stopwatch()
    watch = stopwatch.watch(Watch(report=lambda *report: heard.append(report)))

    for stage in (Stage.CHECK, Stage.CHECK, Stage.CLEAR, Stage.SAFETY_BACKUP, Stage.CLEAR):
        watch.report(stage, 1, None)

    assert stopwatch.seconds() == [("check", 1.0), ("clear", 6.0), ("safety backup", 3.0)]
    assert len(heard) == 5


def test_a_part_of_the_work_is_one_stage_and_still_hears_of_a_cancel() -> None:
    heard: list[Stage] = []
    watch = Watch(report=lambda stage, *_: heard.append(stage), is_cancelled=lambda: True).as_stage(Stage.COMPARE)
    with pytest.raises(Cancelled):
        watch.step(Stage.PROVE, 1, 2)
    assert heard == [Stage.COMPARE]
