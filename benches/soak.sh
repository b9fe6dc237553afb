#!/usr/bin/env bash
# Memory of the load generator at a constant load: does it grow? Resident memory every 5 s against a
# static nginx on loopback: that of its own (heap and stacks) and, apart, the pages of the program's file that
# have been needed so far. The slope is that of a line through the means of whole minutes from the fourth on
# (the run keeps two minutes of latencies as they came), with its 95 % interval (one mean a minute, because
# neighbouring samples are alike).
#   bash benches/soak.sh FIREDRILL [MINUTES] [RATE]
# Needs nginx (Debian) and python3. Loopback only; ends by itself.
set -euo pipefail
firedrill=$(realpath "$1")
minutes=${2:-10}
rate=${3:-500}
folder=$(mktemp -d)
cd "$folder"
cat > nginx.conf <<NGINX
worker_processes 1;
error_log $folder/error.log;
pid $folder/nginx.pid;
events { worker_connections 20000; }
http { access_log off; keepalive_requests 100000000;
 server { listen 127.0.0.1:8098 backlog=4096; location / { return 200 "ok\n"; } } }
NGINX
nginx -c "$folder/nginx.conf"
trap 'kill "$(cat "$folder/nginx.pid")"; rm -rf "$folder"' EXIT
cat > sli.yaml <<YAML
name: static
events: {page: {}}
slis: [{kind: ratio, name: answered, title: Answered, event: page}]
YAML
cat > soak.yaml <<YAML
name: soak
target: {base_url: "http://127.0.0.1:8098"}
traffic: {phases: [{name: steady, for: ${minutes}m, shoppers_per_s: $rate}]}
shoppers: [{name: one, share: 1, journey: look}]
journeys: {look: [{get: /}, {get: "/product/{product}", think: {median: 2s, p95: 8s}}]}
products: 20000
limits: {in_flight: 8000, schedule_lag_p99: 1h}
YAML
"$firedrill" rehearse soak.yaml --sli-defs sli.yaml --lake lake --report report.html --json -q > run.json 2> run.log &
pid=$!
began=$(date +%s%N)
while memory=$(awk '/^Rss(Anon|File)/ { printf "%s ", $2 }' "/proc/$pid/status" 2> /dev/null) && [ -n "$memory" ]; do
    files=$(find "/proc/$pid/fd" -mindepth 1 2> /dev/null | wc -l)
    echo "$(( ($(date +%s%N) - began) / 1000000 )) $memory $files" >> rss.txt
    sleep 5
done
wait "$pid" || true
python3 - "$minutes" <<'PYTHON'
import json, sys
run = json.load(open("run.json"))
minutes = int(sys.argv[1])
samples = [tuple(map(int, line.split())) for line in open("rss.txt")]
def minute_means(column):
    for minute in range(minutes):
        of = [sample[column] for sample in samples if minute * 60_000 <= sample[0] < (minute + 1) * 60_000]
        yield minute + 0.5, sum(of) / len(of)
own, program = list(minute_means(1)), list(minute_means(2))
means = own[3:]
n = len(means)
x_mean, y_mean = (sum(values) / n for values in zip(*means))
spread = sum((x - x_mean) ** 2 for x, _ in means)
slope = sum((x - x_mean) * (y - y_mean) for x, y in means) / spread
rest = sum((y - y_mean - slope * (x - x_mean)) ** 2 for x, y in means)
# Student's t, 97.5 %, by degrees of freedom.
T = {1: 12.71, 2: 4.30, 3: 3.18, 4: 2.78, 5: 2.57, 6: 2.45, 7: 2.36, 8: 2.31, 9: 2.26, 10: 2.23}
half = T.get(n - 2, 2.1) * (rest / (n - 2) / spread) ** 0.5
print(f"{run['requests']} requests, {run['requests'] / minutes / 60:.0f}/s; {len(samples)} samples")
for title, series in (("own memory", own), ("the program's file", program)):
    print(f"{title}, means of minutes, MB: " + " ".join(f"{y / 1024:.1f}" for _, y in series))
print(f"highest {max(own + program for _, own, program, _ in samples) / 1024:.1f} MB in all, {max(sample[1] for sample in samples) / 1024:.1f} MB its own")
print(f"files open: {next(files for ms, _, _, files in samples if ms >= 60_000)} after a minute, {samples[-1][3]} at the end, highest {max(sample[3] for sample in samples)}; schedule lag p99 {run['schedule_lag_us']['p99']} µs")
print(f"slope of its own memory {slope:+.1f} KB/min (95 % interval {slope - half:+.1f} to {slope + half:+.1f}), {slope / y_mean:+.2%} a minute")
PYTHON
