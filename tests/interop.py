#!/usr/bin/env python3
"""Other engines read the same totals from a lake: deltalake (PyPI) through the table's log, DuckDB from
the files that it names. Before and after `lake compact`.

    python3 tests/interop.py FIREDRILL

Says so and skips where the packages are not installed.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    import deltalake
    import duckdb
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(0)

FIREDRILL = os.path.realpath(sys.argv[1])


def run(*arguments):
    done = subprocess.run([FIREDRILL, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"FAILED: firedrill {arguments}: {done.returncode}: {done.stderr}")
    return done.stdout


def totals(connection, files):
    return connection.execute(
        "select count(*), sum(latency_us), sum(bytes_out), count(distinct route), min(ts)::text, max(ts)::text, "
        "sum(weight), count(distinct shopper) from read_parquet(?)", [files]).fetchone()


def compare(lake, connection):
    info = json.loads(run("lake", "info", "--lake", lake, "--json"))
    table = deltalake.DeltaTable(str(lake / "requests"))
    files = table.file_uris()
    arrow = table.to_pyarrow_dataset().to_table() if hasattr(table, "to_pyarrow_dataset") else None
    found = totals(connection, files)
    if found[0] != info["records"]:
        sys.exit(f"FAILED: DuckDB counts {found[0]}, firedrill {info['records']}")
    if arrow is not None and arrow.num_rows != info["records"]:
        sys.exit(f"FAILED: deltalake counts {arrow.num_rows}, firedrill {info['records']}")
    if len(files) != info["files"]:
        sys.exit(f"FAILED: deltalake names {len(files)} files, firedrill {info['files']}")
    return found, len(files)


with tempfile.TemporaryDirectory() as folder:
    work = pathlib.Path(folder)
    run("simulate", "--days", "3", "--shoppers-per-day", "400", "-o", work / "logs", "-q")
    lake = work / "lake"
    lines = 0
    for log in sorted((work / "logs").glob("*.log")):
        run("ingest", log, "--lake", lake, "-q")
        lines += sum(1 for _ in log.open("rb"))
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    before, files_before = compare(lake, connection)
    if before[0] != lines:
        sys.exit(f"FAILED: {lines} lines, {before[0]} rows")
    latency_us = 0
    for log in (work / "logs").glob("*.log"):
        for line in log.open():
            seconds, decimals = line.rstrip("\n").rsplit(" ", 1)[1].split(".")
            latency_us += int(seconds) * 1_000_000 + int(decimals) * 1_000
    if before[1] != latency_us:
        sys.exit(f"FAILED: the logs sum to {latency_us} µs, the lake to {before[1]}")
    run("lake", "compact", "--lake", lake, "-q")
    after, files_after = compare(lake, connection)
    if after != before or files_after >= files_before:
        sys.exit(f"FAILED: compaction changed {before} in {files_before} files to {after} in {files_after}")
    run("lake", "vacuum", "--lake", lake, "--older-than", "0s", "-q")
    glob = totals(connection, [str(path) for path in (lake / "requests").glob("*.parquet")])
    if glob != before:
        sys.exit(f"FAILED: a plain glob after vacuum reads {glob}")
    bad = work / "bad.log"
    bad.write_text("".join(["".join(log.open().readlines()[:300]), "nonsense\n", "more nonsense\n"]).replace("Mozilla", "Mozzilla"))
    run("ingest", bad, "--lake", lake, "-q")
    rejects = deltalake.DeltaTable(str(lake / "rejects"))
    found = connection.execute("select count(*), count(distinct text) from read_parquet(?)", [rejects.file_uris()]).fetchone()
    rows = rejects.to_pyarrow_dataset().count_rows()
    stated = json.loads(run("lake", "info", "--lake", lake, "--json"))["rejected"]
    if (found, rows, stated) != ((2, 2), 2, 2):
        sys.exit(f"FAILED: 2 lines were rejected: DuckDB {found}, deltalake {rows}, firedrill {stated}")
    print(f"ok  deltalake {deltalake.__version__}, DuckDB {duckdb.__version__}: {before[0]} rows, {before[1]} µs, {files_before} files, {files_after} after compact")
