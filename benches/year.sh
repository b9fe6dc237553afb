#!/usr/bin/env bash
# One more day in a lake of a year: what the next question costs beside the same question again, and
# which files of the table it opens. Twice: the year ingested at once, and day by day with a question
# after each, which leaves a batch of rollups per day.
#   bash benches/year.sh FIREDRILL [DAYS] [SHOPPERS_PER_DAY]
# Needs GNU time and strace. 2,000 shoppers make some 34,000 requests a day.
set -euo pipefail
firedrill=$(realpath "$1")
days=${2:-364}
shoppers=${3:-2000}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

first=2025-11-24
last=$(date -d "$first + $days days - 1 day" +%F)
"$firedrill" simulate --start "$first" --days "$days" --shoppers-per-day "$shoppers" --seed 1 -o logs -q
mkdir newest && mv "logs/access-$last.log" newest/

question=(sli --from "$first" --window 1h --json)
# A missed SLI ends with 1, which is an answer like any other.
timed() {
    local name=$1 lake=$2
    /usr/bin/time -f '%e %U %S %M' -o time.txt "$firedrill" "${question[@]}" --lake "$lake" > "$lake.json" || [ $? -eq 1 ]
    tail -1 time.txt | awk -v name="$lake: $name" '{ printf "%-32s %7.2f s  CPU %6.2f s  peak %5.0f MB\n", name, $1, $2 + $3, $4 / 1024 }'
}
again() {
    for _ in 1 2 3 4 5; do timed "the same again" "$1"; done | sort -k 5n | sed -n 3p
}
one_more_day() {
    local lake=$1
    again "$lake"
    "$firedrill" ingest newest --lake "$lake" -q
    cp -r "$lake/derived" "$lake/before"
    timed "a day more" "$lake"
    again "$lake"
    rm -r "$lake/derived" && mv "$lake/before" "$lake/derived"
    strace -f -qq -e trace=openat -o opened.txt "$firedrill" "${question[@]}" --lake "$lake" > "$lake.json" || [ $? -eq 1 ]
    echo "$lake: of $(find "$lake/requests" -name '*.parquet' | wc -l) files of the table it opened $(grep -o 'requests/part-[^"]*' opened.txt | sort -u | wc -l)"
}

"$firedrill" ingest logs --lake at-once -q
timed "the first question" at-once
one_more_day at-once

for log in logs/access-*.log; do
    day=${log#logs/access-} && day=${day%.log}
    "$firedrill" ingest "$log" --lake daily -q
    "$firedrill" sli --from "$day" --to "$(date -d "$day + 1 day" +%F)" --window 1h --lake daily -q > /dev/null || [ $? -eq 1 ]
done
timed "the first question of the year" daily
one_more_day daily
cmp at-once.json daily.json && echo "both answer the same"
