#!/usr/bin/env python3
"""What looking on costs: the same schedule without a view, on a terminal, and with three web clients.

    python3 benches/live-view.py FIREDRILL [RUNS]

The demo shop runs in a process of its own. Each variant rehearses the same 6 s of shoppers, in turn, RUNS
times (5). Prints the medians: CPU of the load generator per request, and how late requests left.
"""
import fcntl
import json
import os
import pathlib
import pty
import resource
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import urllib.request

SCENARIO = """
name: live-view
seed: 7
target: {{base_url: '{url}'}}
traffic: {{arrivals: even, phases: [{{name: steady, for: 6s, shoppers_per_s: 3000}}]}}
shoppers: [{{name: all, share: 1, journey: look}}]
journeys: {{look: [{{get: /}}]}}
limits: {{schedule_lag_p99: 10s}}
thresholds: [{{sli: errors, above: 1%, for: 5s, window: 1s}}]
"""


def rehearse(firedrill, folder, variant, index):
    """CPU in µs per request, the lag in µs, and requests."""
    name = f"{variant}-{index}"
    words = [firedrill, "rehearse", "live-view.yaml", "--lake", "lake", "--run-id", name, "--json"]
    words += {"none": ["-q"], "terminal": [], "web": ["-q", "--ui", "18089"]}[variant]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 45, 160, 0, 0))
    stderr = slave if variant == "terminal" else subprocess.DEVNULL
    run = subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, stderr=stderr, stdin=slave, env={**os.environ, "TERM": "xterm-256color"})
    os.close(slave)
    drawn = []
    readers = [threading.Thread(target=drain, args=(master, drawn))]
    if variant == "web":
        readers += [threading.Thread(target=look_on, args=(run,)) for _ in range(3)]
    for reader in readers:
        reader.start()
    out, _ = run.communicate()
    for reader in readers:
        reader.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if variant == "terminal" and sum(drawn) < 3_000:
        sys.exit("nothing was drawn")
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    told = json.loads(out)
    return cpu_s * 1e6 / told["requests"], told["schedule_lag_us"]["p99"], told["requests"]


def drain(master, drawn):
    try:
        while chunk := os.read(master, 65_536):
            drawn.append(len(chunk))
    except OSError:
        pass
    os.close(master)


def look_on(run):
    while run.poll() is None:
        try:
            urllib.request.urlopen("http://127.0.0.1:18089/live.json", timeout=2).read()
        except OSError:
            pass
        time.sleep(1)


def main():
    firedrill = str(pathlib.Path(sys.argv[1]).resolve())
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as folder:
        shop = subprocess.Popen([firedrill, "shop", "--port", "18088"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            time.sleep(1)
            (pathlib.Path(folder) / "live-view.yaml").write_text(SCENARIO.format(url="http://127.0.0.1:18088"))
            found = {"none": [], "terminal": [], "web": []}
            for index in range(runs):
                for variant, results in found.items():
                    results.append(rehearse(firedrill, folder, variant, index))
        finally:
            shop.terminate()
            shop.wait()
    print(f"{'view':<10}{'CPU per request':>18}{'lag p99':>12}{'requests':>12}   medians of {runs}")
    for variant, results in found.items():
        cpu, lag, requests = (statistics.median(column) for column in zip(*results))
        spread = max(result[0] for result in results) - min(result[0] for result in results)
        print(f"{variant:<10}{cpu:>12.1f} µs ±{spread / 2:.1f}{lag:>9.0f} µs{requests:>10.0f}")


main()
