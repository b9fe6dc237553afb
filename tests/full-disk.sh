#!/usr/bin/env bash
# A full disk: ingest and a rehearsal into a file system of one megabyte each end with exit code
# 4 and one message, and what was committed before stays readable. Needs root for the small file
# system; says so and skips where it cannot have one.
#   bash tests/full-disk.sh FIREDRILL
set -euo pipefail
firedrill=$(realpath "$1")
work=$(mktemp -d)
small="$work/small"
mkdir "$small"
if ! mount -t tmpfs -o size=1m tmpfs "$small" 2> /dev/null; then
    echo "skipped: no right to mount a small file system here"
    rm -rf "$work"
    exit 0
fi
trap 'umount "$small"; rm -rf "$work"' EXIT

fail() { echo "FAILED: $*" >&2; exit 1; }

"$firedrill" simulate --days 2 --shoppers-per-day 4000 -o "$work/logs" -q
head -n 2000 "$work/logs/access-2026-11-27.log" > "$work/first.log"
"$firedrill" ingest "$work/first.log" --lake "$small/lake" -q
before=$("$firedrill" lake info --lake "$small/lake" --json)

code=0
"$firedrill" ingest "$work/logs/access-2026-11-28.log" --lake "$small/lake" 2> "$work/err" || code=$?
[ "$code" = 4 ] || fail "ingest into a full disk ended with $code: $(cat "$work/err")"
grep -q "free some space" "$work/err" || fail "no cure in: $(cat "$work/err")"
[ "$(grep -c '^error:' "$work/err")" = 1 ] || fail "not one message: $(cat "$work/err")"
[ "$("$firedrill" lake info --lake "$small/lake" --json)" = "$before" ] || fail "the lake changed"
"$firedrill" lake verify --lake "$small/lake" -q || fail "the lake is damaged"
echo "ok  a full disk: one message, exit code 4, the lake as before"

# With space again, the same command completes and nothing is counted twice.
mount -o remount,size=200m "$small"
"$firedrill" ingest "$work/logs" --json --lake "$small/lake" -q > /dev/null
lines=$(cat "$work"/logs/access-*.log | wc -l)
records=$("$firedrill" lake info --lake "$small/lake" --json | python3 -c 'import json,sys; i=json.load(sys.stdin); print(i["records"] + i["rejected"])')
[ "$records" = "$lines" ] || fail "$records records of $lines lines"
"$firedrill" lake verify --lake "$small/lake" -q || fail "the lake is damaged"
echo "ok  after making space: $lines lines, each once"
