#!/usr/bin/env bash
# Ingests every real log whose format is understood, and compares the totals with an independent
# count; then ingests all of it again, which must add nothing.
#   bash tests/real-logs.sh FIREDRILL FOLDER
set -euo pipefail
firedrill=$(realpath "$1")
folder=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# file, format that must be detected, lines that must be rejected, --max-reject
logs="
apache_combined.log combined 1 0.01
shop_nginx_combined.log combined 0 0.01
shop_aws_elb.log aws-elb 0 0.01
shop_aws_elb_special_cases.log aws-elb 0 0.01
formats/combined_access.log combined 0 0.01
formats/nginx-http-malformed.log combined 0 0.01
formats/apache2-logs.log combined 3 0.5
formats/nginx_http-logs.log combined 1 0.5
"

number() { python3 -c 'import json,sys; t=json.load(open(sys.argv[1])); print(eval("t"+sys.argv[2]))' "$1" "$2"; }

fail() { echo "FAILED: $*" >&2; exit 1; }

checked=0
records_all=0
while read -r file format rejected max_reject; do
    [ -n "$file" ] || continue
    log="$folder/$file"
    [ -f "$log" ] || fail "$file is missing"
    "$firedrill" ingest "$log" --lake "$work/lake" --max-reject "$max_reject" --json -q > "$work/out.json"
    lines=$(awk 'END { print NR }' "$log")
    blank=$(awk '/^[[:space:]]*$/ { n++ } END { print n + 0 }' "$log")
    [ "$(number "$work/out.json" "['totals']['lines']")" = "$lines" ] || fail "$file: lines"
    [ "$(number "$work/out.json" "['totals']['rejected']")" = "$rejected" ] || fail "$file: rejected"
    [ "$(number "$work/out.json" "['totals']['blank']")" = "$blank" ] || fail "$file: blank"
    [ "$(number "$work/out.json" "['totals']['records']")" = "$((lines - rejected - blank))" ] || fail "$file: records"
    [ "$(number "$work/out.json" "['sources'][0]['format']")" = "$format" ] || fail "$file: format"
    echo "ok  $file: $lines lines = $((lines - rejected - blank)) records + $rejected rejected + $blank blank"
    records_all=$((records_all + lines - rejected - blank))
    # Again, compressed under another name: nothing is added.
    gzip -c "$log" > "$work/again.gz"
    "$firedrill" ingest "$work/again.gz" --lake "$work/lake" --max-reject "$max_reject" --json -q > "$work/out.json"
    [ "$(number "$work/out.json" "['totals']['records']")" = 0 ] || fail "$file: counted twice"
    [ "$(number "$work/out.json" "['totals']['already_ingested_lines']")" = "$lines" ] || fail "$file: already ingested"
    checked=$((checked + 1))
done <<< "$logs"

"$firedrill" lake verify --lake "$work/lake" -q
"$firedrill" lake info --lake "$work/lake" --json > "$work/info.json"
[ "$(number "$work/info.json" "['records']")" = "$records_all" ] || fail "records in the lake"

# What is not understood yet is refused with one message and leaves the lake alone.
for file in formats/aws-alb-logs.log formats/caddy-logs.log formats/iis_w3c.log; do
    code=0
    "$firedrill" ingest "$folder/$file" --lake "$work/lake" 2> "$work/err" || code=$?
    [ "$code" = 4 ] || fail "$file: exit code $code"
    grep -q "hint: name the format with --format" "$work/err" || fail "$file: no cure in the message"
done
[ "$checked" = 8 ] || fail "only $checked files were checked"
echo "ok  $checked real logs, $records_all records"
