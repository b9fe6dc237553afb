#!/usr/bin/env bash
# Kills, torn writes, a full disk and I/O errors at every call that changes a file, and kills at random
# moments with two processes at once. After each: the lake is sound, the next run completes, and
# every part is the same, byte for byte, as if nothing had happened.
#   bash tests/disk-faults.sh FIREDRILL [RANDOM_KILLS]
# Needs a C compiler for the library that makes the faults; says so and skips where there is none.
set -euo pipefail
firedrill=$(realpath "$1")
random_kills=${2:-200}
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if ! cc -O1 -shared -fPIC -o "$work/faults.so" "$here/faults/disk_faults.c" -ldl 2> "$work/cc"; then
    echo "skipped: no C compiler for the faults: $(head -1 "$work/cc")"
    exit 0
fi

# The shell reports every process that is killed; that is what this is about.
exec 9>&2 2> "$work/noise"
trap 'echo "FAILED at line $LINENO: $(tail -1 "$work/noise")" >&9' ERR
fail() { echo "FAILED: $*" >&9; exit 1; }

# Logs: one that grows, one with rejected lines, one compressed.
"$firedrill" simulate --days 2 --shoppers-per-day 60 --seed 7 -o "$work/logs" -q
first="$work/logs/access-2026-11-27.log"
second="$work/logs/access-2026-11-28.log"
mkdir "$work/in"
head -n 500 "$first" > "$work/in/a.log"
{ head -n 300 "$second"; echo "not a line"; echo; } > "$work/in/b.log"
tail -n 200 "$second" | gzip -c > "$work/in/c.log.gz"

# What counts: the parts that the log names, by name and content.
content() {
    (cd "$1/requests" && sha256sum part-*.parquet) > "$2"
    (cd "$1/rejects" && sha256sum part-*.parquet 2> /dev/null || true) >> "$2"
}
facts() { "$firedrill" lake info --lake "$1" --json | grep -v '"version"' > "$2"; }

killed=0
torn=0
failed=0
trials=0

# sweep NAME SEED COMMAND…: the command, with every fault at every call, on copies of the lake SEED.
sweep() {
    local name=$1 seed=$2 count k action code
    shift 2
    rm -rf "$work/lake" && cp -a "$seed" "$work/lake"
    LD_PRELOAD="$work/faults.so" FAULT_COUNT_FILE="$work/count" "$@" > /dev/null 2> "$work/err" \
        || fail "$name: without a fault: $(cat "$work/err")"
    count=$(cat "$work/count")
    content "$work/lake" "$work/expected"
    facts "$work/lake" "$work/expected-facts"
    for action in kill torn enospc eio; do
        for ((k = 1; k <= count; k++)); do
            rm -rf "$work/lake" && cp -a "$seed" "$work/lake"
            code=0
            LD_PRELOAD="$work/faults.so" FAULT_AT=$k FAULT_ACTION=$action "$@" > /dev/null 2> "$work/err" || code=$?
            trials=$((trials + 1))
            case $action:$code in
                kill:137) killed=$((killed + 1)) ;;
                torn:137) torn=$((torn + 1)) ;;
                # A fault that did not matter: the command succeeded all the same.
                *:0) ;;
                enospc:4 | eio:4)
                    failed=$((failed + 1))
                    [ "$(grep -c '^error:' "$work/err")" = 1 ] || fail "$name: $action at $k: not one message: $(cat "$work/err")"
                    ;;
                *) fail "$name: $action at $k: exit code $code: $(cat "$work/err")" ;;
            esac
            if [ -n "$(ls "$work/lake/requests/_delta_log/"*.json 2> /dev/null)" ]; then
                "$firedrill" lake verify --lake "$work/lake" -q > "$work/err" 2>&1 \
                    || fail "$name: $action at $k: the lake is damaged: $(cat "$work/err")"
            fi
            "$@" > /dev/null 2> "$work/err" || fail "$name: after $action at $k: $(cat "$work/err")"
            "$firedrill" lake verify --lake "$work/lake" | grep '^behind' > "$work/err" \
                && fail "$name: after $action at $k: $(cat "$work/err")"
            content "$work/lake" "$work/found"
            facts "$work/lake" "$work/found-facts"
            cmp -s "$work/expected-facts" "$work/found-facts" || fail "$name: $action at $k: $(diff "$work/expected-facts" "$work/found-facts")"
            [ "$name" = compact ] || cmp -s "$work/expected" "$work/found" || fail "$name: $action at $k: other parts: $(diff "$work/expected" "$work/found")"
        done
    done
    echo "ok  $name: $count calls, each with 4 faults"
}

ingest() { "$firedrill" ingest --max-reject 0.1 --lake "$work/lake" -q "$@"; }

# A lake that is being made; its key is given so that shoppers hash alike each time.
"$firedrill" ingest "$work/in/a.log" --lake "$work/keyed" -q
mkdir "$work/empty" && cp "$work/keyed/key" "$work/empty/"
sweep "new lake" "$work/empty" "$firedrill" ingest --max-reject 0.1 --lake "$work/lake" -q "$work/in"

# A source that has grown.
cp -a "$work/empty" "$work/lake-a"
"$firedrill" ingest "$work/in/a.log" --lake "$work/lake-a" -q
cat "$work/in/a.log" > "$work/grown.log"
head -n 800 "$first" | tail -n +501 >> "$work/grown.log"
sweep "grown log" "$work/lake-a" "$firedrill" ingest --lake "$work/lake" -q "$work/grown.log"

# The commit that writes a checkpoint.
cp -a "$work/empty" "$work/lake-49"
for ((i = 1; i <= 49; i++)); do
    sed -n "$((i * 10)),$((i * 10 + 5))p" "$second" > "$work/small-$i.log"
    "$firedrill" ingest "$work/small-$i.log" --lake "$work/lake-49" -q
done
sweep "checkpoint" "$work/lake-49" "$firedrill" ingest --lake "$work/lake" -q "$work/in/a.log"

if "$firedrill" lake compact --help > /dev/null 2>&1; then
    sweep "compact" "$work/lake-49" "$firedrill" lake compact --lake "$work/lake" -q
fi

# Kills at random moments, two processes at once on the same files.
cp -a "$work/empty" "$work/once"
"$firedrill" ingest "$work/logs" --lake "$work/once" -q
content "$work/once" "$work/expected"
facts "$work/once" "$work/expected-facts"
for ((i = 1; i <= random_kills; i++)); do
    rm -rf "$work/lake" && cp -a "$work/empty" "$work/lake"
    "$firedrill" ingest "$work/logs" --lake "$work/lake" -q > /dev/null 2>&1 & one=$!
    "$firedrill" ingest "$work/logs" --lake "$work/lake" -q > /dev/null 2>&1 & two=$!
    sleep "0.0$(printf '%02d' $((RANDOM % 90)))"
    kill -9 $one 2> /dev/null && killed=$((killed + 1))
    sleep "0.00$((RANDOM % 10))"
    kill -9 $two 2> /dev/null && killed=$((killed + 1))
    wait $one $two 2> /dev/null || true
    trials=$((trials + 1))
    if [ -n "$(ls "$work/lake/requests/_delta_log/"*.json 2> /dev/null)" ]; then
        "$firedrill" lake verify --lake "$work/lake" -q > "$work/err" 2>&1 || fail "random kill $i: $(cat "$work/err")"
    fi
    ingest "$work/logs" > /dev/null 2> "$work/err" || fail "after random kill $i: $(cat "$work/err")"
    content "$work/lake" "$work/found"
    cmp -s "$work/expected" "$work/found" || fail "random kill $i: other parts"
    facts "$work/lake" "$work/found-facts"
    cmp -s "$work/expected-facts" "$work/found-facts" || fail "random kill $i: other facts"
done
echo "ok  $trials trials: $killed kills, $torn torn writes, $failed refused calls; nothing lost, nothing doubled"
