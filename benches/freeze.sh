#!/usr/bin/env bash
# A target that freezes for two seconds under 1,000 arrivals per second: does the load tester say what
# its shoppers felt? The truth is arithmetic over what the target takes by itself: the same seed is run
# without the freeze, before and after, and of these times request n has that of one of the two; whoever
# is due while the target is frozen waits for its end besides. Beside it what a clock that starts at the sending says of the same requests (as k6 measures), and
# closed loops (hey, and Goose as it is), which stop asking while they wait, and k6, where it is installed.
# With DELAY, in seconds, the target takes so long for every request by its own clock: then all of the truth is
# arithmetic, and the median is that of a target that does not change between two runs.
#   cargo bench --no-run && bash benches/freeze.sh FIREDRILL [SECONDS] [DELAY]
# Needs nginx and hey (Debian; with DELAY libnginx-mod-http-echo), python3 with duckdb (PyPI). Loopback only; ends by itself.
set -euo pipefail
firedrill=$(realpath "$1")
seconds=${2:-30}
delay=${3:-}
answer='return 200 "ok\n";'
modules=
if [ -n "$delay" ]; then
    answer="echo_sleep $delay; echo ok;"
    modules='load_module /usr/lib/nginx/modules/ngx_http_echo_module.so;'
fi
goose=$(ls -t "$(dirname "$firedrill")"/deps/goose_loops-* 2> /dev/null | grep -v '\.d$' | head -n 1 || true)
folder=$(mktemp -d)
cd "$folder"
mkdir -p logs
cat > nginx.conf <<NGINX
$modules
daemon off;
pid $folder/nginx.pid;
error_log $folder/logs/error.log;
worker_processes 1;
events { worker_connections 20000; }
http { access_log off; keepalive_requests 1000000; server { listen 127.0.0.1:8099 backlog=16384; location / { $answer } } }
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
ours() { # name of the run
    "$firedrill" rehearse freeze.yaml --lake "$1" --report report.html --run-id "$1" --json > "$1.json" 2> "$1.log" || cat "$1.log"
}
[ -n "$delay" ] || ours before
freeze 8 &
freezer=$!
ours freeze
wait "$freezer"
[ -n "$delay" ] || ours after
python3 - "$delay" <<'PYTHON'
import json, sys, duckdb
def read(name):
    rows = duckdb.sql(f"select epoch_us(ts) as due, latency_us, service_us from '{name}/requests/*.parquet' order by 1, position").fetchall()
    run = json.load(open(f"{name}.json"))
    assert len(rows) == run["requests"], (name, len(rows), run["requests"])
    return rows, run
begins, ends = (int(line) for line in open("freeze.txt"))
rows, run = read("freeze")
at = lambda values, q: values[min(len(values) - 1, int(q * len(values)))]
lag = run["schedule_lag_us"]
print(f"{len(rows)} requests, frozen for {(ends - begins) / 1e6:.3f} s; schedule lag p50 {lag['p50']} µs, p99 {lag['p99']} µs")
# Column 1 is the response time, from due on; 2 the service time, from sending on.
if sys.argv[1]:
    delay = round(float(sys.argv[1]) * 1e6)
    def time(due):
        if due + delay < begins or due >= ends:
            return delay
        # Who was being served has his answer at the end of the freeze, unless his time is not over then.
        return max(ends - due, delay) if due < begins else ends - due + delay
    truth = lambda _: sorted(time(due) for due, _, _ in rows)
else:
    (before, _), (after, _) = read("before"), read("after")
    assert len(before) == len(rows) == len(after), "the same seed makes the same requests"
    def truth(column):
        calm = [(before, after)[index % 2][index][column] for index in range(len(rows))]
        waits = (max(ends - due, 0) if begins <= due else 0 for due, _, _ in rows)
        return sorted(wait + own for wait, own in zip(waits, calm))
    calm = lambda rows, q: at(sorted(row[1] for row in rows), q)
    print(f"the two runs without the freeze: p50 {calm(before, 0.5)} and {calm(after, 0.5)} µs, p90 {calm(before, 0.9)} and {calm(after, 0.9)} µs")
for title, column in (("response", 1), ("service", 2)):
    expected, found = truth(column), sorted(row[column] for row in rows)
    for name, q in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("max", 1)):
        print(f"{title:8} {name:6} truth {at(expected, q):9} µs   firedrill {at(found, q):9} µs   {at(found, q) / at(expected, q) - 1:+.2%}")
PYTHON
# With a delay the peers need as many connections as there are requests under way.
connections=${delay:+250}
connections=${connections:-50}
freeze 8 &
freezer=$!
hey -z "${seconds}s" -c "$connections" -q $((1000 / connections)) http://127.0.0.1:8099/ | grep -E "Requests/sec|50%|90%|99%|Slowest" | sed "s/^/hey, $connections connections, 1,000\/s: /"
wait "$freezer"
if command -v k6 > /dev/null; then
    cat > k6.js <<JS
import http from 'k6/http';
export const options = {
  discardResponseBodies: true, summaryTrendStats: ['med', 'p(90)', 'p(99)', 'p(99.9)', 'max'],
  scenarios: { all: { executor: 'constant-arrival-rate', rate: 1000, timeUnit: '1s', duration: '${seconds}s', preAllocatedVUs: $connections, maxVUs: Number(__ENV.VUS) } },
};
export default function () { http.get('http://127.0.0.1:8099/'); }
JS
    for vus in "$connections" 4000; do
        freeze 8 &
        freezer=$!
        k6 run -q --no-usage-report -e "VUS=$vus" k6.js 2> /dev/null | grep -E "http_req_duration\.|http_reqs|dropped" | sed "s/^/k6, at most $vus users, 1,000\/s: /"
        wait "$freezer"
    done
fi
if [ -z "$delay" ] && [ -n "$goose" ]; then
    freeze 8 &
    freezer=$!
    "$goose" waits http://127.0.0.1:8099/ "$seconds" 1000 | grep "Goose loop"
    wait "$freezer"
fi
