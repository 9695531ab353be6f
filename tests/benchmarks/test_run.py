"""The measuring itself, with few rows: what it says is what was done, and a run that broke off goes on."""

import json

import pytest

from benchmarks import markdown, run, summary
from benchmarks.processes import Taken
from benchmarks.results import Measurement, Results

ROWS = 1000


@pytest.fixture
def kept(monkeypatch, tmp_path):
    """The folder in which this test's runs keep what they measure."""
    monkeypatch.setattr(run, "FOLDER", tmp_path)
    return tmp_path


@pytest.mark.servers
def test_each_peer_is_measured_on_the_same_rows(kept, capsys):
    status = run.main(["--rows", str(ROWS), "--databases", "sqlite", "--repeat", "1", "--json"])
    said = json.loads(capsys.readouterr().out)

    assert status == 0
    by_peer = {row["peer"]: row for row in said["summary"] if row["what"] == "backup"}
    assert {"engine", "worker", "dumpdata", "dbbackup"} <= set(by_peer)
    restores = {row["peer"]: row for row in said["summary"] if row["what"] == "restore"}
    assert {"engine", "engine, without the proof", "worker", "loaddata", "dbrestore"} <= set(restores)
    assert all(row["seconds"] > 0 and row["file_mb"] > 0 for row in said["summary"])
    # The sqlite3 program may be gone before anyone can ask what memory it had.
    assert all(row["peak_mib"] > 1 for row in said["summary"] if row["seconds"] > 0.1)
    assert by_peer["dumpdata"]["ratio"] == by_peer["dumpdata"]["seconds"] / by_peer["engine"]["seconds"]
    records = {(one["what"], one["peer"]): one["records"] for one in said["measurements"] if one["is_ours"]}
    assert records["backup", "worker"] >= records["backup", "engine"] >= ROWS / 2
    assert records["restore", "worker"] >= records["restore", "engine"] >= ROWS / 2
    assert 0 < by_peer["worker"]["mib_above_idle"] < by_peer["worker"]["peak_mib"]
    assert 0 < restores["engine, without the proof"]["seconds"] < restores["engine"]["seconds"]
    assert set(said["parts"]["sqlite"]) == {"check", "preview", "safety backup", "after the commit"}


@pytest.mark.servers
def test_a_run_that_broke_off_goes_on_where_it_was(kept, capsys):
    options = ["--rows", str(ROWS), "--databases", "sqlite", "--what", "backup", "--only", "engine", "--json"]
    assert run.main([*options, "--repeat", "1"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert run.main([*options, "--repeat", "2", "--resume"]) == 0
    second = json.loads(capsys.readouterr().out)

    assert [one["round"] for one in second["measurements"]] == [0, 1]
    assert second["measurements"][0] == first["measurements"][0]
    assert second["at"] == first["at"]


def test_medians_are_compared_and_promises_judged(tmp_path):
    found = Results(1_000_000, {"rows": 1_000_000}, resume=False, folder=tmp_path)
    for peer, seconds in (("engine", (5, 6, 30)), ("worker", (7,)), ("dumpdata", (47,))):
        for number, one in enumerate(seconds):
            found.add(_measurement(peer, number, one))
    engine, worker, dumpdata = summary.rows(found)

    assert engine.seconds == 6
    assert engine.records_per_second == 1_000_000 / 6
    assert worker.mib_above_idle == 40
    assert dumpdata.ratio == 47 / 6
    time, memory = summary.promises(found)
    assert time == "Missed: backup, sqlite: dumpdata takes 7.83 x as long as the engine; promised is 8 x"
    assert memory.startswith("Held: backup, sqlite: the worker's child needs 40 MiB more than idle")


def test_the_proof_is_told_apart(tmp_path):
    found = Results(1_000_000, {"rows": 1_000_000}, resume=False, folder=tmp_path)
    for number, (seconds, proof) in enumerate(((5, 1), (6, 4), (7, 2))):
        found.add(_measurement("engine", number, seconds, what="restore", parts={"proof": proof}))
    found.add(_measurement("loaddata", 0, 120, what="restore"))
    unproven, engine, loaddata = summary.rows(found)

    assert (unproven.seconds, engine.seconds) == (4, 6)
    assert (loaddata.unproven_ratio, loaddata.ratio) == (30, 20)
    assert [line.split(":")[0] for line in summary.promises(found)] == ["Held", "Held"]


def test_tables_are_written_as_the_docs_have_them(tmp_path):
    about = {"rows": 1000, "at": "2026-01-02T03:04:05", "versions": {"Python": "3.11", "psycopg": None}}
    machine = {"cores": 2, "processor": "A processor", "memory_gib": 24.0}
    found = Results(1000, {**about, "machine": machine}, resume=False, folder=tmp_path)
    found.add(_measurement("engine", 0, 5))
    said = markdown.of(found).splitlines()

    assert said[0] == "## 1,000 rows"
    assert said[2] == "2026-01-02, 2 cores (A processor), 24 GiB, Python 3.11."
    assert said[4] == "### Backup: SQLite (SQLite)"
    assert said[8].startswith("| engine | 1 | 5.00 |")


def _measurement(peer, number, seconds, *, what="backup", parts=None):
    taken = Taken(
        seconds=seconds,
        cpu_seconds=seconds,
        peak_bytes=100 << 20,
        file_bytes=1000,
        records=1_000_000,
        idle_bytes=60 << 20 if peer == "worker" else None,
        parts=parts,
    )
    return Measurement(
        what=what,
        database="sqlite",
        version="SQLite",
        peer=peer,
        is_ours=peer in ("engine", "worker"),
        round=number,
        taken=taken,
        server_cpu_seconds=0.0,
        load=0.0,
    )


@pytest.mark.parametrize("wrong", [["--databases", "oracle"], ["--rows", "0"], ["--repeat", "0"]])
def test_wrong_options_are_refused(wrong, capsys):
    with pytest.raises(SystemExit):
        run.main(wrong)
    assert "usage" in capsys.readouterr().err
