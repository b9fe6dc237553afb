#!/usr/bin/env bash
# A target that freezes for two seconds under 1,000 arrivals per second: does the load tester say what
# its shoppers felt? The truth is arithmetic: whoever is due while the target is frozen waits for its
# end. Beside it what a clock that starts at the sending says of the same requests (as k6 measures), and
# closed loops of 50 connections (hey, and Goose as it is), which stop asking while they wait.
#   cargo bench --no-run && bash benches/freeze.sh FIREDRILL [SECONDS]
# Needs nginx and hey (Debian), python3 with duckdb (PyPI). Loopback only; ends by itself.
set -euo pipefail
firedrill=$(realpath "$1")
seconds=${2:-30}
goose=$(ls -t "$(dirname "$firedrill")"/deps/goose_loops-* 2> /dev/null | grep -v '\.d$' | head -n 1)
folder=$(mktemp -d)
cd "$folder"
mkdir -p logs
cat > nginx.conf <<NGINX
daemon off;
pid $folder/nginx.pid;
error_log $folder/logs/error.log;
worker_processes 1;
events { worker_connections 20000; }
http { access_log off; keepalive_requests 1000000; server { listen 127.0.0.1:8099 backlog=16384; location / { return 200 "ok\n"; } } }
NGINX
nginx -p "$folder" -c "$folder/nginx.conf" &
nginx=$!
trap 'kill -CONT $(pgrep -P $nginx) 2> /dev/null || true; kill $nginx 2> /dev/null || true; rm -rf "$folder"' EXIT
sleep 1
worker=$(pgrep -P "$nginx")

freeze() { # after so many seconds, for two
    sleep "$1"
    kill -STOP "$worker"
    echo "${EPOCHREALTIME/./}" > freeze.txt
    sleep 2
    kill -CONT "$worker"
    echo "${EPOCHREALTIME/./}" >> freeze.txt
}

cat > freeze.yaml <<YAML
name: freeze
target: {base_url: "http://127.0.0.1:8099"}
traffic: {arrivals: even, phases: [{name: steady, for: ${seconds}s, shoppers_per_s: 1000}]}
shoppers: [{name: one, share: 1, journey: look}]
journeys: {look: [{get: /}]}
limits: {in_flight: 8000, schedule_lag_p99: 1h}
YAML
freeze 8 &
"$firedrill" rehearse freeze.yaml --lake lake --report report.html --run-id freeze --json > run.json 2> run.log || cat run.log
wait %2 2> /dev/null || true
python3 - <<'PYTHON'
import json, duckdb
run = json.load(open("run.json"))
begins, ends = (int(line) for line in open("freeze.txt"))
rows = duckdb.sql("select epoch_us(ts) as due, latency_us, service_us from 'lake/requests/*.parquet' order by 1").fetchall()
assert len(rows) == run["requests"], (len(rows), run["requests"])
calm = sorted(latency for due, latency, _ in rows if not begins - 50_000 <= due <= ends + 500_000)
base = calm[len(calm) // 2]
truth = sorted(max(ends - due, 0) + base if begins <= due else base for due, _, _ in rows)
found = sorted(latency for _, latency, _ in rows)
sent = sorted(service for _, _, service in rows)
at = lambda values, q: values[min(len(values) - 1, int(q * len(values)))]
print(f"{len(rows)} requests, frozen for {(ends - begins) / 1e6:.3f} s; without freeze {base} µs")
for name, q in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("max", 1)):
    print(f"{name:6} truth {at(truth, q):9} µs   firedrill {at(found, q):9} µs   {at(found, q) / at(truth, q) - 1:+.2%}   from sending {at(sent, q):9} µs")
PYTHON
freeze 8 &
hey -z "${seconds}s" -c 50 -q 20 http://127.0.0.1:8099/ | grep -E "Requests/sec|50%|90%|99%|Slowest" | sed 's/^/hey, 50 connections, 1,000\/s: /'
wait %3 2> /dev/null || true
if [ -n "$goose" ]; then
    freeze 8 &
    "$goose" waits http://127.0.0.1:8099/ "$seconds" 1000 | grep "Goose loop"
    wait %4 2> /dev/null || true
fi
