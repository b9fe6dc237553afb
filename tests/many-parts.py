#!/usr/bin/env python3
"""How long it takes to open, plan and add to a lake of many parts, in a folder and in a bucket (moto), and how
many requests that is. Not a check of `.ci/run`: it prints the figures of docs/scaling.md.

    python3 tests/many-parts.py FIREDRILL [PARTS [PARTS_PER_SOURCE [PARTS_PER_COMMIT]]]

Two real logs, of the first and of the last day, stand around PARTS parts of the days between that are only
entries of the log: whatever opens one of their files fails, so a verb that ends well did not.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import storage_emulators as emulators  # noqa: E402

FIREDRILL = os.path.realpath(sys.argv[1])
PARTS, PER_SOURCE, PER_COMMIT = [int(text) for text in sys.argv[2:5]] + [100_000, 100, 50][len(sys.argv) - 2:]
DAYS = 100
CHECKPOINT_EVERY = 50


def run(environment, *arguments, codes=(0,)):
    began = time.monotonic()
    command = ["/usr/bin/time", "-f", "%M", FIREDRILL, *map(str, arguments)]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True)
    if done.returncode not in codes:
        sys.exit(f"{arguments}: exit {done.returncode}: {done.stderr}")
    return done.stdout, time.monotonic() - began, int(done.stderr.strip().splitlines()[-1]) / 1024


def log_of(day, lines, path):
    with path.open("w") as log:
        for index in range(lines):
            log.write(f'10.0.0.{index % 250} - - [{day}:{10 + index // 600:02}:{index // 10 % 60:02}:{index % 10 * 6:02} +0000] '
                      f'"GET /product/{index % 40} HTTP/1.1" 200 512 "-" "Mozilla/5.0" 0.{index % 900 + 100}\n')


def entries_between(lake, work):
    """Writes the entries of parts that are nowhere."""
    log = lake / "requests" / "_delta_log"
    version = max(int(path.stem) for path in log.glob("*.json")) + 1
    lines = [json.loads(line) for path in sorted(log.glob("*.json")) for line in path.read_text().splitlines()]
    states = {line["domainMetadata"]["domain"]: json.loads(line["domainMetadata"]["configuration"])
              for line in lines if "domainMetadata" in line and line["domainMetadata"]["domain"].startswith("firedrill.source.")}
    template = next(iter(states.values()))
    totals = [len(states), sum(state["lines"] for state in states.values()), sum(state["records"] for state in states.values())]
    commit_info = next(line for line in lines if "commitInfo" in line)["commitInfo"]
    rows = 100_000
    part = 0
    while part < PARTS or version % CHECKPOINT_EVERY:
        out = [{"commitInfo": commit_info | {"txnId": f"{version}"}}]
        moved = {}
        for _ in range(PER_COMMIT if part < PARTS else 0):
            source, at = f"{part // PER_SOURCE:016x}", part % PER_SOURCE
            day = 1 + part * (DAYS - 2) // PARTS
            from_ms = 1_782_000_000_000 + day * 86_400_000
            stats = {"numRecords": rows, "nullCount": {"ts": 0, "minute": 0}, "tightBounds": True,
                     "minValues": {"ts": stamp(from_ms), "minute": from_ms // 60_000},
                     "maxValues": {"ts": stamp(from_ms + 3_600_000), "minute": from_ms // 60_000 + 60}}
            name = f"part-{source}-{at << 24}-{(at + 1) << 24}-{part:016x}-v2.parquet"
            out.append({"add": {"path": name, "partitionValues": {}, "size": 1_700_000, "modificationTime": from_ms,
                                "dataChange": True, "stats": json.dumps(stats)}})
            if at == 0:
                totals[0] += 1
            totals[1] += rows
            totals[2] += rows
            moved[source] = template | {"offset": (at + 1) << 24, "lines": rows * (at + 1), "records": rows * (at + 1),
                                        "rejected": 0, "blank": 0, "duplicates": 0, "reject_files": [],
                                        "last_path": f"/var/log/alb/{source}.log"}
            part += 1
        for source, state in moved.items():
            out.append({"txn": {"appId": f"firedrill:{source}", "version": state["offset"]}})
            out.append({"domainMetadata": {"domain": f"firedrill.source.{source}", "removed": False,
                                           "configuration": json.dumps(state, separators=(",", ":"))}})
        seal = {"version": version, "sources": totals[0], "lines": totals[1], "records": totals[2]}
        out.append({"domainMetadata": {"domain": "firedrill.seal", "configuration": json.dumps(seal), "removed": False}})
        (log / f"{version:020}.json").write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in out))
        version += 1
    return version, totals


def stamp(ms):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000)) + ".000Z"


def day_name(ms):
    return time.strftime("%d/%b/%Y", time.gmtime(ms // 1000)), time.strftime("%Y-%m-%d", time.gmtime(ms // 1000))


def measure(where, environment, lake, last_day, log, proxy=None):
    for name, arguments, codes in [
            ("lake info", ["lake", "info"], (0,)),
            ("rollup of one day", ["rollup", "--from", last_day, "--to", "+1d"], (0,)),
            ("ingest of 3,000 lines", ["ingest", log, "-q"], (0,)),
            ("the same again", ["ingest", log, "-q"], (0,))]:
        if arguments[0] == "rollup":
            following = time.strftime("%Y-%m-%d", time.gmtime(time.mktime(time.strptime(last_day, "%Y-%m-%d")) + 86_400 * 1.5))
            arguments = ["rollup", "--from", last_day, "--to", following, "--json"]
        if proxy is not None:
            proxy.counts.clear()
            proxy.bytes_out = 0
        _, seconds, megabytes = run(environment, *arguments, "--lake", lake, codes=codes)
        asked = "" if proxy is None else f" | {dict(sorted(proxy.counts.items()))}, {proxy.bytes_out / 1e6:.1f} MB read"
        print(f"| {where} | {PARTS:,} | {name} | {seconds:.2f} s | {megabytes:.0f} MB{asked} |", flush=True)


def main():
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        first, last = 1_782_000_000_000, 1_782_000_000_000 + (DAYS - 1) * 86_400_000
        log_of(day_name(first)[0], 3_000, work / "first.log")
        log_of(day_name(last)[0], 3_000, work / "last.log")
        lake = work / "lake"
        for name in ("first.log", "last.log"):
            run({}, "ingest", work / name, "--lake", lake, "-q")
        version, totals = entries_between(lake, work)
        print(f"{PARTS:,} parts of {totals[0]:,} sources in {version:,} entries")
        # The entry whose number asks for a checkpoint.
        log_of(day_name(last)[0], 3_100, work / "more.log")
        (work / "more.log").write_text((work / "more.log").read_text().replace("10.0.0.", "10.0.1."))
        _, seconds, _ = run({}, "ingest", work / "more.log", "--lake", lake, "-q")
        checkpoint = max((lake / "requests" / "_delta_log").glob("*.checkpoint.parquet"))
        print(f"| folder | {PARTS:,} | commit with the first checkpoint, of {checkpoint.stat().st_size / 1e6:.1f} MB | {seconds:.2f} s | |")
        bucket_copy = work / "copy"
        shutil.copytree(lake, bucket_copy)
        log_of(day_name(last)[0], 3_000, work / "next.log")
        (work / "next.log").write_text((work / "next.log").read_text().replace("10.0.0.", "10.0.2."))
        measure("folder", {}, lake, day_name(last)[1], work / "next.log")
        python = emulators.python_packages()
        if python is None:
            print("no moto here")
            return
        with emulators.moto(python, work) as moto:
            emulators.send(moto.port, "PUT", "/many", headers=emulators.SIGNED)
            began = time.monotonic()
            for path in sorted(bucket_copy.rglob("*")):
                if path.is_file() and path.name != "lock":
                    emulators.send(moto.port, "PUT", f"/many/lake/{path.relative_to(bucket_copy)}", path.read_bytes(),
                                   emulators.SIGNED)
            print(f"copied into moto in {time.monotonic() - began:.0f} s")
            with emulators.Proxy(moto.port) as proxy:
                environment = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{proxy.port}", "AWS_ACCESS_KEY_ID": "key",
                               "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}
                measure("moto", environment, "s3://many/lake", day_name(last)[1], work / "next.log", proxy)


main()
