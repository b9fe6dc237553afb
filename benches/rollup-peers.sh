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
        approx_quantile(latency_us, [0.5, 0.95, 0.99]) as q from '{files}' group by all order by 1, 2, 3) to 'duckdb-approximate.parquet'""")
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
        /usr/bin/time -f '%e %U %S %M' -o time.txt "$@" > /dev/null
        cat time.txt
    done | sort -n | awk -v name="$name" '
        { wall[NR] = $1; cpu[NR] = $2 + $3; if ($4 > peak) peak = $4 }
        END { m = int((NR + 1) / 2); print wall[m] >> "medians.txt"
            printf "%-20s %6.2f s (%.2f to %.2f)  CPU %6.2f s  peak %5.0f MB\n", name, wall[m], wall[1], wall[NR], cpu[m], peak / 1024 }'
}
run "firedrill rollup" "$firedrill" rollup --by route,status-class --window 1m --format parquet -o ours.parquet --lake "$lake"
for peer in duckdb duckdb-approximate polars chdb; do
    run "$peer" python3 peer.py "$peer" "$lake"
done
awk 'NR == 1 { own = $1; next } best == "" || $1 < best { best = $1 } END { printf "%.1f times the best peer\n", best / own }' medians.txt
# The counts must be the same, and every percentile within the buckets' 1/1024 of the exact one.
python3 - <<'PYTHON'
import duckdb
ours = {r[:3]: r[3:] for r in duckdb.sql("""select epoch_us(start) // 60000000, route,
    replace(replace(status_class, 'xx', ''), 'none', '0')::int, count, p50_us, p95_us, p99_us from 'ours.parquet'""").fetchall()}
for peer in "chdb", "duckdb":
    theirs = {r[:3]: r[3] for r in duckdb.sql(f"select minute, route, status_class, n from '{peer}.parquet'").fetchall()}
    assert {key: row[0] for key, row in ours.items()} == theirs, f"the counts of {peer} differ"
exact = {r[:3]: r[3] for r in duckdb.sql("select minute, route, status_class, q from 'duckdb.parquet'").fetchall()}
worst = 0
for key, (_, *own) in ours.items():
    for found, value in zip(own, exact[key] or [None] * 3):
        assert (found is None) == (value is None), (key, own, exact[key])
        if value:
            worst = max(worst, found / value - 1)
            assert 0 <= found / value - 1 <= 1 / 1024, (key, own, exact[key])
print(f"{len(ours)} rows, the same counts as DuckDB and chDB, every p50, p95 and p99 at most {worst:.3%} above DuckDB's")
PYTHON
