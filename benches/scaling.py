#!/usr/bin/env python3
"""How time, memory, files and cells grow with the rows of a lake: one row of a table per size.

    python3 benches/scaling.py FIREDRILL [ROWS]…      # without sizes: 100000 1000000 10000000

Logs are simulated, a day per size. `strace`, where it is there, counts the system calls that open a file: what would be
a request on object storage. DuckDB, where it is there, counts the cells.
"""
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time

FIREDRILL = str(pathlib.Path(sys.argv[1]).resolve())
SIZES = [int(size) for size in sys.argv[2:]] or [100_000, 1_000_000, 10_000_000]
# On the first simulated day, which is a Black Friday; a little less than it makes.
ROWS_PER_SHOPPER = 40


def run(*arguments, cwd):
    """Wall seconds, CPU seconds and peak megabytes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    process = subprocess.Popen([FIREDRILL, *map(str, arguments)], cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    peak_kb = 0
    while process.poll() is None:
        try:
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            peak_kb = max(peak_kb, int(re.search(r"VmHWM:\s+(\d+)", status).group(1)))
        except (OSError, AttributeError):
            pass
        time.sleep(0.01)
    wall = time.monotonic() - started
    if process.returncode not in (0, 1):
        sys.exit(process.stderr.read().decode())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, peak_kb / 1024


def opened(*arguments, cwd):
    """Files of the lake that a command opens."""
    if shutil.which("strace") is None:
        return "–"
    subprocess.run(["strace", "-f", "-qq", "-e", "trace=openat", "-o", "trace.txt", FIREDRILL, *map(str, arguments)], cwd=cwd, capture_output=True)
    lines = (cwd / "trace.txt").read_text(errors="replace").splitlines()
    return sum(1 for line in lines if "/lake/" in line and "ENOENT" not in line and "O_DIRECTORY" not in line)


def cells(lake):
    try:
        import duckdb
    except ImportError:
        return None
    keys = "minute, origin, service, method, route, status, client_class, channel"
    files = str(lake / "requests" / "*.parquet")
    ask = lambda columns: duckdb.execute(f"select count(*) from (select distinct {columns} from read_parquet('{files}'))").fetchone()[0]
    return ask(keys + ", latency_bucket"), ask(keys)


print("| rows | ingest | bytes per row | `rollup` from rows | `sli`, first | kept bytes | `sli`, again | files opened again | cells | minute × series |")
print("|---|---|---|---|---|---|---|---|---|---|")
for size in SIZES:
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        run("simulate", "--days", 1, "--shoppers-per-day", size // ROWS_PER_SHOPPER, "-o", "logs", "-q", cwd=work)
        log = next((work / "logs").glob("*.log"))
        # To the row: what is more is cut off.
        with log.open("rb") as lines, (work / "access.log").open("wb") as out:
            rows = 0
            for line in lines:
                if rows == size:
                    break
                out.write(line)
                rows += 1
        shutil.rmtree(work / "logs")
        show = lambda took: f"{took[0]:.2f} s, {took[2]:.0f} MB"
        ingest = run("ingest", "access.log", "--lake", "lake", "-q", cwd=work)
        lake = work / "lake"
        stored = sum(path.stat().st_size for path in (lake / "requests").glob("*.parquet"))
        rollup = run("rollup", "--lake", "lake", "-o", "table.csv", cwd=work)
        first = run("sli", "--lake", "lake", "--json", cwd=work)
        kept = sum(path.stat().st_size for path in (lake / "derived").iterdir())
        again = run("sli", "--lake", "lake", "--json", cwd=work)
        count = opened("sli", "--lake", "lake", "--json", cwd=work)
        found = cells(lake)
        found = (f"{found[0]:,}", f"{found[1]:,}") if found else ("–", "–")
        print(f"| {rows:,} | {show(ingest)} | {stored / rows:.1f} | {show(rollup)} | {show(first)} | {kept:,} | {show(again)} | {count} | {found[0]} | {found[1]} |", flush=True)
