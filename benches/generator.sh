#!/usr/bin/env bash
# CPU per request of the load generator and of its peers, against a static nginx on loopback, in
# one session: median of five. Needs nginx and hey (Debian packages) and a built release binary.
#   bash benches/generator.sh [FIREDRILL] [RUNS]
# CPU per request = (user + system time of the generator's process) / requests.
set -euo pipefail
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
firedrill=$(realpath "${1:-$target/release/firedrill}")
runs=${2:-5}
seconds=8
work=$(mktemp -d)
cat > "$work/nginx.conf" <<NGINX
worker_processes 1;
error_log $work/error.log;
pid $work/nginx.pid;
daemon on;
events { worker_connections 60000; }
worker_rlimit_nofile 100000;
http { access_log off; keepalive_requests 100000000;
 server { listen 127.0.0.1:8099 backlog=4096; location / { return 200 "ok\n"; } } }
NGINX
nginx -c "$work/nginx.conf"
trap 'kill "$(cat "$work/nginx.pid")"; rm -rf "$work"' EXIT

cat > "$work/sli.yaml" <<YAML
name: static
events: {page: {}}
slis: [{kind: ratio, name: answered, title: Answered, event: page}]
YAML
scenario() { # rate seconds
cat > "$work/scenario.yaml" <<YAML
name: static
target: {base_url: "http://127.0.0.1:8099"}
traffic:
  arrivals: even
  curve: [{at: 0s, shoppers_per_s: $1}, {at: ${2}s, shoppers_per_s: $1}]
shoppers: [{name: one, share: 1, journey: one}]
journeys: {one: [{get: /}]}
limits: {in_flight: 10000, schedule_lag_p99: 1h, dropped_share: 1}
YAML
}
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
cpu_of() { # command … → CPU seconds of the process on the last line of standard error
    /usr/bin/env time -f '%U %S' "$@" 2> "$work/time" > "$work/out" || true
    tail -n 1 "$work/time" | awk '{ print $1 + $2 }'
}

ours() { # rate → CPU µs per request, lag p99, requests per second
    scenario "$1" "$seconds"
    rm -rf "$work/lake"
    local cpu
    cpu=$(cpu_of "$firedrill" rehearse "$work/scenario.yaml" --sli-defs "$work/sli.yaml" --lake "$work/lake" --report "$work/r.html" --json -q)
    python3 - "$work/out" "$cpu" "$seconds" <<'PY'
import json, sys
run = json.load(open(sys.argv[1]))
cpu, seconds = float(sys.argv[2]), float(sys.argv[3])
print(f"{cpu * 1e6 / run['requests']:.1f} {run['schedule_lag_us']['p99']} {run['requests'] / seconds:.0f} {run['dropped']} {run['records_lost']}")
PY
}
hey_run() { # extra arguments → CPU µs per request
    local cpu requests
    cpu=$(cpu_of hey -z "${seconds}s" -c 50 "$@" http://127.0.0.1:8099/)
    requests=$(awk '/\[200\]/ { n += $2 } END { print n }' "$work/out")
    awk -v c="$cpu" -v n="$requests" -v s="$seconds" 'BEGIN { printf "%.1f %.0f\n", c * 1e6 / n, n / s }'
}
goose=$(ls -t "$target"/release/deps/goose_loops-* 2> /dev/null | grep -v '\.d$' | head -n 1)

for run in $(seq "$runs"); do
    hey_run >> "$work/hey-full"
    hey_run -q 100 >> "$work/hey-5000"
    "$goose" bare http://127.0.0.1:8099/ "$seconds" | sed -n 's/.* \([0-9.]*\) µs CPU.*/\1/p' >> "$work/goose-bare"
    "$goose" pool http://127.0.0.1:8099/ "$seconds" 5000 | sed -n 's/.* \([0-9.]*\) µs CPU.*lag p99 \([0-9]*\) µs/\1 \2/p' >> "$work/goose-pool"
    ours 5000 >> "$work/ours-5000"
    ours 10000 >> "$work/ours-10000"
    ours 15000 >> "$work/ours-15000"
    ours "${FULL_SPEED:-40000}" >> "$work/ours-full"
done
echo "median of $runs, CPU µs per request (and what else is said)"
for rate in 5000 10000 15000; do
    found="$work/ours-$rate"
    echo "firedrill at $rate/s, everything recorded    $(median < "$found")   lag p99 µs $(awk '{ print $2 }' "$found" | median)   dropped $(awk '{ n += $4 } END { print n }' "$found")   lost $(awk '{ n += $5 } END { print n }' "$found")"
done
echo "firedrill at full speed, everything recorded $(median < "$work/ours-full")   requests/s $(awk '{ print $3 }' "$work/ours-full" | median)"
echo "hey at 5,000/s                              $(median < "$work/hey-5000")"
echo "hey at full speed                           $(median < "$work/hey-full")   requests/s $(awk '{ print $2 }' "$work/hey-full" | median)"
echo "bare Goose loop, metrics on, full speed      $(median < "$work/goose-bare")"
echo "GooseUser pool in one attack at 5,000/s      $(median < "$work/goose-pool")   lag p99 µs $(awk '{ print $2 }' "$work/goose-pool" | median)"
