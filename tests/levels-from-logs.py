#!/usr/bin/env python3
"""Levels learned from simulated logs, seed by seed: simulate, ingest, calibrate; a table against the truth.

    python3 tests/levels-from-logs.py target/release/firedrill 10
    python3 tests/levels-from-logs.py target/release/firedrill 10 1h --episodes 24
    python3 tests/levels-from-logs.py target/release/firedrill 5 15m --effect none
    python3 tests/levels-from-logs.py target/release/firedrill 10 15m --journey slow

The third word is the window of the calibration (15m), all others go to `simulate`. Prints one row per seed and, in
the end, the median against the truth and how many intervals hold it. Fails when the median is more than a tenth
from the truth, or fewer than half of the seeds give a level; without an effect, when more than a tenth give one.
"""

import json
import pathlib
import statistics
import subprocess
import sys
import tempfile


# Slow pages are told by the share of requests within 5 s, which is the limit of `simulate --journey slow`.
SLOW_SET = """\
name: slow
window: 1m
rehearsal_window: 5s
routes: ['/product/{id}']
events:
  page: {title: Any request}
slis:
  - {kind: latency_cut, name: pages_within_5s, title: Requests within 5 s, event: page, limit: 5s}
"""


def share(value):
    return "–" if value is None else f"{100 * value:.2f} %"


def one_seed(program, seed, window, words, folder):
    """The learned level and its interval as failed shares, and the truth."""

    def run(*arguments):
        return subprocess.run(
            [program, *map(str, arguments)], cwd=folder, capture_output=True, text=True, check=False
        )

    sli, defs = "availability", []
    if "slow" in words:
        sli, defs = "pages_within_5s", ["--defs", "slow.yaml"]
        (pathlib.Path(folder) / "slow.yaml").write_text(SLOW_SET)
    simulated = run(
        "simulate", "--start", "2026-08-31", "--days", 56, "--shoppers-per-day", 20000, "--seed", seed,
        "--tickets", *words, "-o", "weeks", "-q",
    )
    assert simulated.returncode == 0, simulated.stderr
    ingested = run("ingest", "weeks", "--keep-query", "order", "--lake", "lake", "-q")
    assert ingested.returncode == 0, ingested.stderr
    answer = run(
        "calibrate", "--tickets", "weeks/tickets.csv", "--lake", "lake", "--window", window,
        "--sli", sli, *defs, "--expires-after", "3650d", "--json",
    )
    assert answer.returncode in (0, 1), answer.stderr
    truth = json.loads((pathlib.Path(folder) / "weeks" / "truth.json").read_text())
    fit = next(fit for fit in json.loads(answer.stdout)["calibration"]["slis"] if fit["name"] == sli)
    return fit, truth["contacts"]


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    seeds = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    window = sys.argv[3] if len(sys.argv) > 3 else "15m"
    words = sys.argv[4:]
    rows = []
    print("| seed | truth | level learned | 90 % interval | onset | status |\n|---|---|---|---|---|---|", flush=True)
    for seed in range(1, seeds + 1):
        with tempfile.TemporaryDirectory() as folder:
            fit, contacts = one_seed(program, seed, window, words, folder)
        truth = contacts["doubles_at"]
        if fit["status"] == "refused" or not fit["levels"]:
            rules = ", ".join(because["rule"] for because in fit["refused_because"])
            print(f"| {seed} | {share(truth)} | – | – | – | refused: {rules} |", flush=True)
            continue
        level = fit["levels"][0]["contact"]
        # Availability is what went well; the truth is the share that failed.
        value = 1 - level["value"]
        low, high = (1 - bound for bound in reversed(level["ci90"]))
        onset = share(1 - fit["onset"]["value"]) if fit["onset"] else "–"
        rows.append((value, truth is not None and low <= truth <= high))
        print(
            f"| {seed} | {share(truth)} | {share(value)} | {share(low)} to {share(high)} | {onset} | {fit['status']} |",
            flush=True,
        )
    if truth is None:
        print(f"\n{len(rows)} of {seeds} seeds gave a level where there is no effect")
        sys.exit(0 if 10 * len(rows) <= seeds else 1)
    if not rows:
        sys.exit("no seed gave a level")
    median = statistics.median(row[0] for row in rows)
    print(
        f"\nmedian {share(median)} of {share(truth)}; {sum(row[1] for row in rows)} of {len(rows)} intervals hold the "
        f"truth; {seeds - len(rows)} refused"
    )
    is_near = abs(median / truth - 1) <= 0.10 and 2 * len(rows) >= seeds
    sys.exit(0 if is_near else 1)


if __name__ == "__main__":
    main()
