#!/usr/bin/env bash
# One surge from four network namespaces, each with an address of its own, against one shop, into one lake:
# the same arrivals as from one process, one verdict over all, and a missing namespace makes it invalid.
#   bash tests/fan-out.sh path/to/firedrill
# Needs root for `ip netns`; says so and does nothing where that is not permitted. Takes less than a minute.
set -euo pipefail
firedrill=$(realpath "${1:?name the firedrill to test}")
shards=4

command -v ip > /dev/null || { apt-get update -qq && apt-get install -y -qq iproute2 > /dev/null; } || true
name="fd$$"
if ! command -v ip > /dev/null || ! ip netns add "$name-0" 2> /dev/null; then
    echo "skipped: network namespaces are not permitted here"
    exit 0
fi

work=$(mktemp -d)
pids=()
tidy_up() {
    for pid in "${pids[@]}"; do kill "$pid" 2> /dev/null || true; done
    for number in $(seq 0 $shards); do ip netns del "$name-$number" 2> /dev/null || true; done
    rm -rf "$work"
}
trap tidy_up EXIT
fail() { echo "fan-out: $*" >&2; exit 1; }
# Nothing here takes two minutes unless it hangs.
inside() { timeout 120 ip netns exec "$name-$1" "${@:2}"; }

# Namespace 0 has the shop and a bridge; the others one cable to it each.
inside 0 ip link set lo up
inside 0 ip link add bridge type bridge
inside 0 ip address add 10.77.0.254/24 dev bridge
inside 0 ip link set bridge up
for number in $(seq 1 $shards); do
    ip netns add "$name-$number"
    ip -n "$name-0" link add "cable$number" type veth peer name eth0 netns "$name-$number"
    ip -n "$name-0" link set "cable$number" master bridge up
    inside "$number" ip address add "10.77.0.$number/24" dev eth0
    inside "$number" ip link set lo up
    inside "$number" ip link set eth0 up
done

# The demo shop listens on loopback only; a relay brings it to the bridge, and counts who came from where.
inside 0 "$firedrill" shop --port 8080 --capacity 500 2> "$work/shop.log" &
pids+=($!)
cat > "$work/relay.py" <<'PYTHON'
import asyncio, collections, sys

seen = collections.Counter()

async def pump(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()

async def serve(reader, writer):
    seen[writer.get_extra_info("peername")[0]] += 1
    open(sys.argv[1], "w").write(" ".join(sorted(seen)))
    there = await asyncio.open_connection("127.0.0.1", 8080)
    await asyncio.gather(pump(reader, there[1]), pump(there[0], writer))

async def main():
    server = await asyncio.start_server(serve, "10.77.0.254", 8080, backlog=512)
    async with server:
        await server.serve_forever()

asyncio.run(main())
PYTHON
inside 0 python3 "$work/relay.py" "$work/seen" &
pids+=($!)

cat > "$work/surge.yaml" <<'YAML'
name: fan-out
seed: 77
target: {base_url: "http://10.77.0.254:8080", hosts_allowed: [10.77.0.254]}
traffic: {arrivals: poisson, curve: [{at: 0s, shoppers_per_s: 30}, {at: 5s, shoppers_per_s: 60}, {at: 8s, shoppers_per_s: 30}]}
shoppers: [{name: one, share: 2, journey: buy}, {name: other, share: 1, journey: look}]
journeys:
  buy: [{get: /}, {get: "/product/{product}"}, {post: /cart, form: {product: "{product}", quantity: "1"}}]
  look: [{get: /}, {get: "/search?q=deal"}]
thresholds: [{sli: errors, above: 50%, for: 2s, journey: look}]
products: 1000
limits: {in_flight: 400, drain: 20s, schedule_lag_p99: 5s}
YAML
cat > "$work/any.yaml" <<'YAML'
name: any-page
window: 1m
rehearsal_window: 1s
routes: ['/product/{id}']
events:
  page: {title: Any request}
slis:
  - {kind: ratio, name: availability, title: Requests answered, event: page, objective: 0.5, min_count: 1}
YAML
cd "$work"
lake="$work/lake"
for _ in $(seq 1 100); do
    inside 1 python3 -c 'import socket; socket.create_connection(("10.77.0.254", 8080), 1)' 2> /dev/null && break
    sleep 0.1
done

shard() {  # namespace, run, what else
    inside "$1" "$firedrill" rehearse surge.yaml --sli-defs any.yaml --lake "$lake" --json \
        --run-id "$2" --shard "$1/$shards" --start-at +8s --clock-offset-max 400ms "${@:3}" > "$work/$2-$1.json" 2> "$work/$2-$1.log"
}

echo "four shards, their clocks compared with the shop's"
running=()
for number in $(seq 1 $shards); do shard "$number" all & running+=($!); done
for number in $(seq 1 $shards); do
    wait "${running[$((number - 1))]}" || fail "shard $number: $(cat "$work/all-$number.log")"
done
"$firedrill" rehearse --judge all --sli-defs any.yaml --lake "$lake" --json > judged.json 2> judged.log \
    || fail "the verdict is $?: $(cat judged.json judged.log)"
[ "$(cat "$work/seen")" = "10.77.0.1 10.77.0.2 10.77.0.3 10.77.0.4" ] || fail "came from: $(cat "$work/seen")"

echo "the same from one process"
inside 1 "$firedrill" rehearse surge.yaml --sli-defs any.yaml --lake "$lake" --json --run-id one > one.json 2> one.log \
    || fail "one process: $(cat one.json one.log)"
python3 - <<'PYTHON' || fail "they differ"
import json
judged, one = json.load(open("judged.json")), json.load(open("one.json"))
for key in ("verdict", "offered_arrivals", "started", "completed", "dropped", "withheld", "requests"):
    assert judged[key] == one[key], (key, judged[key], one[key])
facts = {run: json.load(open(f"lake/runs/{run}.json")) for run in ("all", "one")}
for key in ("arrivals_per_s", "planned_per_s", "planned_requests"):
    assert facts["all"][key] == facts["one"][key], key
clocks = [shard["clock"] for shard in judged["shards"]]
assert all(abs(clock["offset_us"]) <= clock["uncertainty_us"] <= 400_000 for clock in clocks), clocks
offered = [shard["offered_arrivals"] for shard in judged["shards"]]
assert sum(offered) == one["offered_arrivals"] and min(offered) > 0, offered
print(f"{one['offered_arrivals']} arrivals from one process, {' + '.join(map(str, offered))} from four namespaces;",
      f"{judged['requests']} requests each; clocks known to ± {max(clock['uncertainty_us'] for clock in clocks) / 1000:.0f} ms")
PYTHON

echo "one namespace without its cable: its shard cannot begin, and the run is invalid"
inside 3 ip link set eth0 down
running=()
for number in $(seq 1 $shards); do shard "$number" lacking & running+=($!); done
for number in 1 2 4; do wait "${running[$((number - 1))]}" || fail "shard $number: $(cat "$work/lacking-$number.log")"; done
wait "${running[2]}" && fail "shard 3 began without a network"
code=0
"$firedrill" rehearse --judge lacking --sli-defs any.yaml --lake "$lake" --json > lacking.json 2> lacking.log || code=$?
[ "$code" -eq 5 ] || fail "exit code $code, not 5: $(cat lacking.json lacking.log)"
grep -q "shard 3 of 4 is missing" lacking.json || fail "the missing one is not named: $(cat lacking.json)"
"$firedrill" lake verify --lake "$lake" > /dev/null 2>&1 || fail "the lake is damaged"
echo "fan-out: all well"
