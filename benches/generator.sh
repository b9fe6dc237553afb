#!/usr/bin/env bash
# CPU per request of the load generator and of its peers, against a static nginx on loopback, in
# one session: median of five. Needs nginx and hey (Debian packages) and a built release binary; oha
# (a Rust package) and k6 (a Python package brings the program), where they are installed, are measured, too.
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
scenario() { # rate seconds in-flight
cat > "$work/scenario.yaml" <<YAML
name: static
target: {base_url: "http://127.0.0.1:8099"}
traffic:
  arrivals: even
  curve: [{at: 0s, shoppers_per_s: $1}, {at: ${2}s, shoppers_per_s: $1}]
shoppers: [{name: one, share: 1, journey: one}]
journeys: {one: [{get: /}]}
limits: {in_flight: $3, schedule_lag_p99: 1h, dropped_share: 1}
YAML
}
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
cpu_of() { # command … → CPU seconds of the process on the last line of standard error
    /usr/bin/env time -f '%U %S' "$@" 2> "$work/time" > "$work/out" || true
    tail -n 1 "$work/time" | awk '{ print $1 + $2 }'
}

ours() { # rate [in-flight] → CPU µs per request, lag p99, requests per second
    scenario "$1" "$seconds" "${2:-10000}"
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
oha_run() { # extra arguments → CPU µs per request, requests per second
    local cpu
    cpu=$(cpu_of oha -z "${seconds}s" -c 50 --no-tui --output-format json "$@" http://127.0.0.1:8099/)
    python3 - "$work/out" "$cpu" "$seconds" <<'PY'
import json, sys
requests = sum(json.load(open(sys.argv[1]))["statusCodeDistribution"].values())
print(f"{float(sys.argv[2]) * 1e6 / requests:.1f} {requests / float(sys.argv[3]):.0f}")
PY
}
cat > "$work/k6.js" <<'JS'
import http from 'k6/http';
const [rate, duration] = [Number(__ENV.RATE), __ENV.SECONDS + 's'];
const arrivals = { executor: 'constant-arrival-rate', rate, timeUnit: '1s', duration, preAllocatedVUs: 50, maxVUs: 1000 };
const users = { executor: 'constant-vus', vus: 50, duration };
export const options = { discardResponseBodies: true, scenarios: { all: rate ? arrivals : users } };
export default function () { http.get('http://127.0.0.1:8099/'); }
JS
k6_run() { # rate, 0 for as fast as 50 users go → CPU µs per request, requests per second
    local cpu
    cpu=$(cpu_of k6 run -q --no-usage-report --summary-export "$work/k6.json" -e "RATE=$1" -e "SECONDS=$seconds" "$work/k6.js")
    python3 - "$work/k6.json" "$cpu" "$seconds" <<'PY'
import json, sys
requests = json.load(open(sys.argv[1]))["metrics"]["http_reqs"]["count"]
print(f"{float(sys.argv[2]) * 1e6 / requests:.1f} {requests / float(sys.argv[3]):.0f}")
PY
}
goose=$(ls -t "$target"/release/deps/goose_loops-* 2> /dev/null | grep -v '\.d$' | head -n 1)

goose_loop() { # rate → CPU µs per request, requests per second
    "$goose" waits http://127.0.0.1:8099/ "$seconds" "$1" |
        sed -n 's/.*: \([0-9]*\) requests, \([0-9.]*\) µs CPU.*/\2 \1/p' | awk -v s="$seconds" '{ printf "%.1f %.0f\n", $1, $2 / s }'
}

for run in $(seq "$runs"); do
    hey_run >> "$work/hey-full"
    "$goose" bare http://127.0.0.1:8099/ "$seconds" | sed -n 's/.*: \([0-9]*\) requests, \([0-9.]*\) µs CPU.*/\2 \1/p' | awk -v s="$seconds" '{ printf "%.1f %.0f\n", $1, $2 / s }' >> "$work/goose-full"
    ours "${FULL_SPEED:-40000}" >> "$work/ours-full"
    # As the peers: who comes while 50 requests are under way is turned away.
    ours "${FULL_SPEED:-40000}" 50 >> "$work/ours-of-50-full"
    if command -v oha > /dev/null; then oha_run >> "$work/oha-full"; fi
    if command -v k6 > /dev/null; then k6_run 0 >> "$work/k6-full"; fi
    "$goose" pool http://127.0.0.1:8099/ "$seconds" 5000 | sed -n 's/.* \([0-9.]*\) µs CPU.*lag p99 \([0-9]*\) µs/\1 \2/p' >> "$work/goose-pool"
    for rate in 5000 10000 15000; do
        hey_run -q "$((rate / 50))" >> "$work/hey-$rate"
        goose_loop "$rate" >> "$work/goose-$rate"
        ours "$rate" >> "$work/ours-$rate"
        if command -v oha > /dev/null; then oha_run -q "$rate" >> "$work/oha-$rate"; fi
        if command -v k6 > /dev/null; then k6_run "$rate" >> "$work/k6-$rate"; fi
    done
done
echo "median of $runs, CPU µs per request (and requests per second)"
for rate in full 5000 10000 15000; do
    for who in ours ours-of-50 hey goose oha k6; do
        [ -f "$work/$who-$rate" ] || continue
        column=2
        case $who in ours*) column=3 ;; esac
        echo "$rate  $who  $(median < "$work/$who-$rate")   $(awk -v c="$column" '{ print $c }' "$work/$who-$rate" | median)/s"
    done
    echo "$rate  ours: lag p99 µs $(awk '{ print $2 }' "$work/ours-$rate" | median)   dropped $(awk '{ n += $4 } END { print n }' "$work/ours-$rate")   lost $(awk '{ n += $5 } END { print n }' "$work/ours-$rate")"
done
echo "GooseUser pool in one attack at 5,000/s  $(median < "$work/goose-pool")   lag p99 µs $(awk '{ print $2 }' "$work/goose-pool" | median)"
