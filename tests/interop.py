#!/usr/bin/env python3
"""Other engines read the same totals from a lake: deltalake (PyPI) through the table's log, DuckDB from
the files that it names. Before and after `lake compact`; then in a lake that an older build began, whose
table and files lack the column `first_byte_us`, and that a rehearsal goes on with.

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
    import pyarrow.parquet
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(0)

FIREDRILL = os.path.realpath(sys.argv[1])


def run(*arguments, codes=(0,)):
    done = subprocess.run([FIREDRILL, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode not in codes:
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


def age(lake):
    """Takes the column `first_byte_us` out of the table and its files, as if it had never been there."""
    table = lake / "requests"
    for entry in sorted((table / "_delta_log").glob("*.json")):
        lines = [json.loads(line) for line in entry.read_text().splitlines()]
        for line in lines:
            if "metaData" in line:
                schema = json.loads(line["metaData"]["schemaString"])
                schema["fields"] = [field for field in schema["fields"] if field["name"] != "first_byte_us"]
                line["metaData"]["schemaString"] = json.dumps(schema)
            if "add" in line:
                part = table / line["add"]["path"]
                rows = pyarrow.parquet.read_table(part).drop_columns(["first_byte_us"])
                part.unlink()
                older = table / "older-build.parquet"
                pyarrow.parquet.write_table(rows, older)
                line["add"].update(path=older.name, size=older.stat().st_size)
        entry.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))


def mixed(work, log, connection):
    """A lake of an older build in which a rehearsal follows."""
    lake = work / "older"
    run("ingest", log, "--lake", lake, "-q")
    age(lake)
    run("lake", "verify", "--lake", lake, "-q")
    scenario = work / "short.yaml"
    scenario.write_text("name: short\nseed: 7\ntarget: {shop: {checkouts_per_s: 60, payment_time: 20ms, payment_queue: 300}}\n"
                        "traffic: {phases: [{name: all, for: 3s, shoppers_per_s: 20}]}\n"
                        "shoppers: [{name: visitor, share: 1, journey: visit}]\njourneys: {visit: [{get: /}]}\n"
                        "limits: {schedule_lag_p99: 10s}\n")
    # Whether the surge passes is not the question: 1 is a run that was judged.
    run("rehearse", scenario, "--lake", lake, "--report", work / "short.html", "-q", codes=(0, 1))
    for step in ("as written", "compacted"):
        found, _ = compare(lake, connection)
        table = deltalake.DeltaTable(str(lake / "requests"))
        by_origin = "select origin, count(*), count(first_byte_us) from {} group by 1 order by 1"
        dataset = table.to_pyarrow_dataset()
        seen = connection.execute(by_origin.format("dataset")).fetchall()
        files = connection.execute(by_origin.format("read_parquet(?, union_by_name = true)"), [table.file_uris()]).fetchall()
        (_, customers, known), (_, drills, measured) = seen
        if files != seen or known != 0 or measured == 0 or measured > drills or customers + drills != found[0]:
            sys.exit(f"FAILED: {step}: deltalake {seen}, DuckDB {files}")
        run("lake", "verify", "--lake", lake, "-q")
        run("lake", "compact", "--lake", lake, "-q")
    return f"{customers} rows without a first byte and {measured} with one"


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
    first = sorted((work / "logs").glob("*.log"))[0]
    print(f"ok  a lake of an older build: {mixed(work, first, connection)}")
    print(f"ok  deltalake {deltalake.__version__}, DuckDB {duckdb.__version__}: {before[0]} rows, {before[1]} µs, {files_before} files, {files_after} after compact")
