#!/usr/bin/env bash
# Rows to SLI table (minute × route × status class: count, p50, p95, p99), firedrill beside DuckDB,
# Polars and chDB, on the same Parquet files, in one session; medians of whole processes.
#   bash benches/rollup-peers.sh FIREDRILL LAKE [PASSES]
# LAKE is a lake with one ingested log, as benches/ingest-peers.sh leaves it. Needs python3 with
# duckdb, polars and chdb (PyPI).
set -euo pipefail
firedrill=$(realpath "$1")
lake=$(realpath "$2")
passes=${3:-5}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat > peer.py <<'PYTHON'
import sys
which, files = sys.argv[1], sys.argv[2] + "/requests/*.parquet"
if which == "duckdb":
    import duckdb
    connection = duckdb.connect()
    connection.execute("set threads=2")
    connection.execute(f"""copy (select minute, route, status // 100 as status_class, count(*) as n,
        quantile_disc(latency_us, [0.5, 0.95, 0.99]) as q from '{files}' group by all order by all) to 'duckdb.parquet'""")
elif which == "duckdb-approximate":
    import duckdb
    connection = duckdb.connect()
    connection.execute("set threads=2")
    connection.execute(f"""copy (select minute, route, status // 100 as status_class, count(*) as n,
        approx_quantile(latency_us, [0.5, 0.95, 0.99]) as q from '{files}' group by all order by 1, 2, 3) to 'duckdb.parquet'""")
elif which == "polars":
    import polars
    latency = polars.col("latency_us")
    (polars.scan_parquet(files).with_columns(status_class=polars.col("status") // 100)
        .group_by("minute", "route", "status_class")
        .agg(polars.len(), latency.quantile(0.5, "nearest").alias("p50"), latency.quantile(0.95, "nearest").alias("p95"),
             latency.quantile(0.99, "nearest").alias("p99"))
        .collect(engine="streaming").write_parquet("polars.parquet"))
elif which == "chdb":
    import chdb
    chdb.query(f"""select minute, route, intDiv(status, 100) as status_class, count() as n,
        quantilesExact(0.5, 0.95, 0.99)(latency_us) as q from file('{files}', Parquet)
        group by minute, route, status_class order by 1, 2, 3 into outfile 'chdb.parquet' truncate format Parquet settings max_threads=2""")
PYTHON

run() {
    local name=$1
    shift
    for ((pass = 0; pass < passes; pass++)); do
        /usr/bin/env time -f '%e %U %M' -o time.txt "$@" > /dev/null
        cat time.txt
    done | sort -n | awk -v name="$name" '
        { wall[NR] = $1; user[NR] = $2; if ($3 > peak) peak = $3 }
        END { m = int((NR + 1) / 2); printf "%-28s %6.2f s  user %6.2f s  peak %5.0f MB  (%.2f to %.2f)\n", name, wall[m], user[m], peak / 1024, wall[1], wall[NR] }'
}
run "firedrill rollup" "$firedrill" rollup --by route,status-class --window 1m --format parquet -o ours.parquet --lake "$lake"
for peer in duckdb duckdb-approximate polars chdb; do
    run "$peer" python3 peer.py "$peer" "$lake"
done
# The counts must be the same, and the percentiles within the buckets' 0.1 %.
python3 - <<'PYTHON'
import duckdb
ours = {(r[0], r[1], r[2]): r[3:] for r in duckdb.sql("select epoch_us(start) // 60000000, route, replace(replace(status_class, 'xx', ''), 'none', '0')::int, count, p95_us from 'ours.parquet'").fetchall()}
theirs = {(r[0], r[1], r[2]): r[3:] for r in duckdb.sql("select minute, route, status_class, n, q from 'chdb.parquet'").fetchall()}
assert ours.keys() == theirs.keys(), (len(ours), len(theirs))
assert all(ours[key][0] == theirs[key][0] for key in ours), "counts differ"
exact = {(r[0], r[1], r[2]): r[3] for r in duckdb.sql("select minute, route, status_class, q from 'duckdb.parquet'").fetchall()}
worst = max(abs(ours[key][1] / exact[key][1] - 1) for key in ours if ours[key][1] and exact[key][1])
assert worst <= 1 / 1024, f"a p95 is {worst:.2%} off"
print(f"{len(ours)} rows, the same counts as chDB, every p95 within {worst:.3%} of DuckDB's")
PYTHON
