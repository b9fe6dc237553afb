#!/usr/bin/env bash
# Ingests every real log, compressed, and compares the totals with an independent count; then all of it
# again as it is, which must add nothing.
#   bash tests/real-logs.sh FIREDRILL FOLDER
set -euo pipefail
firedrill=$(realpath "$1")
folder=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# file | format that must be detected | lines rejected | lines that hold no request | sum of durations, µs
# (independent counts: `wc`, `awk` and by eye for the small ones) | --max-reject
logs="
apache_combined.log|combined|1|0|-|0.01
shop_nginx_combined.log|combined|0|0|-|0.01
shop_aws_elb.log|aws-elb|0|0|126318331|0.01
shop_aws_elb_special_cases.log|aws-elb|0|0|7264649|0.01
onlineboutique_2022-08-22.jsonl|nginx-json|0|0|11233578844|0.01
formats/combined_access.log|nginx-request-time|0|0|61595000|0.01
formats/nginx-http-malformed.log|combined|0|0|-|0.01
formats/apache2-logs.log|combined|3|0|-|0.5
formats/nginx_http-logs.log|combined|1|0|-|0.5
formats/aws-alb-logs.log|aws-alb|0|0|518000|0.01
formats/aws-cloudfront-logs.log|cloudfront|0|0|226000|0.01
formats/caddy-logs.log|caddy-json|0|2|1577405|0.01
formats/envoy-logs.log|prefixed/envoy-json|4|0|51000|0.5
formats/haproxy-logs.log|haproxy|0|3|1437000|0.01
formats/iis_w3c.log|iis|0|44|76795000|0.01
formats/jmeter.jtl|jmeter-csv|0|1|927830000|0.01
formats/json_access.log|nginx-json|0|0|61916000|0.01
formats/ltsv_access.log|ltsv|0|0|61916000|0.01
formats/traefik_clf.log|traefik-clf|0|2|68000|0.01
formats/traefik_json.log|traefik-json|1|0|6769|0.5
"

number() { python3 -c 'import json,sys; t=json.load(open(sys.argv[1])); print(eval("t"+sys.argv[2]))' "$1" "$2"; }

fail() { echo "FAILED: $*" >&2; exit 1; }

checked=0
records_all=0
while IFS='|' read -r file format rejected blank latency_us max_reject; do
    [ -n "$file" ] || continue
    log="$folder/$file"
    [ -f "$log" ] || fail "$file is missing"
    # A lake of its own, for the sum of durations; and one for all.
    lake="$work/one-$checked"
    gzip -c "$log" > "$work/first.gz"
    for into in "$lake" "$work/lake"; do
        "$firedrill" ingest "$work/first.gz" --lake "$into" --max-reject "$max_reject" --json -q > "$work/out.json"
    done
    lines=$(awk 'END { print NR }' "$log")
    [ "$(number "$work/out.json" "['totals']['lines']")" = "$lines" ] || fail "$file: lines"
    [ "$(number "$work/out.json" "['totals']['rejected']")" = "$rejected" ] || fail "$file: rejected"
    [ "$(number "$work/out.json" "['totals']['blank']")" = "$blank" ] || fail "$file: blank"
    [ "$(number "$work/out.json" "['totals']['records']")" = "$((lines - rejected - blank))" ] || fail "$file: records"
    [ "$(number "$work/out.json" "['sources'][0]['format']")" = "$format" ] || fail "$file: format"
    if [ "$latency_us" != - ] && python3 -c 'import duckdb' 2> /dev/null; then
        sum=$(python3 -c 'import duckdb,sys; print(duckdb.execute("select sum(latency_us) from read_parquet(?)", [sys.argv[1]]).fetchone()[0])' "$lake/requests/*.parquet")
        [ "$sum" = "$latency_us" ] || fail "$file: durations sum to $sum µs"
    fi
    echo "ok  $file: $format, $lines lines = $((lines - rejected - blank)) records + $rejected rejected + $blank blank"
    records_all=$((records_all + lines - rejected - blank))
    # Again, as it is: nothing is added.
    "$firedrill" ingest "$log" --lake "$work/lake" --max-reject "$max_reject" --json -q > "$work/out.json"
    [ "$(number "$work/out.json" "['totals']['records']")" = 0 ] || fail "$file: counted twice"
    [ "$(number "$work/out.json" "['totals']['already_ingested_lines']")" = "$lines" ] || fail "$file: already ingested"
    checked=$((checked + 1))
done <<< "$logs"

"$firedrill" lake verify --lake "$work/lake" -q
"$firedrill" lake compact --lake "$work/lake" -q
"$firedrill" lake verify --lake "$work/lake" -q
"$firedrill" lake info --lake "$work/lake" --json > "$work/info.json"
[ "$(number "$work/info.json" "['records']")" = "$records_all" ] || fail "records in the lake"

# All at once, in a lake of its own: the same records, and what is no log beside them is skipped.
"$firedrill" ingest "$folder/formats" --lake "$work/together" --max-reject 0.5 --json -q > "$work/out.json" 2> "$work/err"
[ "$(number "$work/out.json" "['sources'].__len__()")" = 15 ] || fail "formats together: $(number "$work/out.json" "['sources'].__len__()")"

# What is no log is refused with one message and leaves the lake alone.
code=0
"$firedrill" ingest "$folder/formats/LICENSE.fixtures" --lake "$work/lake" 2> "$work/err" || code=$?
[ "$code" = 4 ] || fail "a licence: exit code $code"
grep -q "hint: name the format with --format" "$work/err" || fail "no cure in the message"
[ "$checked" = 20 ] || fail "only $checked files were checked"
echo "ok  $checked real logs, $records_all records"
