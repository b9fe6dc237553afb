#!/usr/bin/env bash
# Text to Parquet, firedrill beside DuckDB and GoAccess, on the same files, in one session; medians.
#   bash benches/ingest-peers.sh FIREDRILL [PASSES] [FOLDER]     (SKIP_TEN=1 leaves the last row out)
# Needs python3 with duckdb (PyPI) and goaccess (Debian); about 6 GB in FOLDER (default: a temporary one).
set -euo pipefail
firedrill=$(realpath "$1")
passes=${2:-5}
folder=${3:-}
if [ -z "$folder" ]; then
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
fi
mkdir -p "$folder"
cd "$folder"

# Two million clients, twenty thousand products: an nginx log as of a busy day.
[ -f varied.log ] || python3 - 3000000 > varied.log <<'PYTHON'
import datetime, random, sys
count = int(sys.argv[1])
random.seed(7)
routes = [("GET", "/", 20), ("GET", "/search?q=%s", 15), ("GET", "/product/%d", 40), ("POST", "/cart", 10),
          ("GET", "/cart", 6), ("POST", "/checkout", 3), ("GET", "/api/stock/%d", 6)]
routes = [route for route in routes for _ in range(route[2])]
systems = ["iPhone; CPU iPhone OS 17_%d like Mac OS X", "Windows NT 10.0; Win64; x64; rv:%d", "Linux; Android 14; Build %d"]
agents = ["Mozilla/5.0 (%s) AppleWebKit/537.36 Chrome/%d.0" % (system % minor, 100 + minor) for system in systems for minor in range(60)]
referrers = ["-", "https://www.google.com/", "https://ads.partner.example/c?id=77", "https://shop.example/"]
start = datetime.datetime(2026, 11, 27)
second, out = -1, []
for index in range(count):
    if index * 86400 // count != second:
        second = index * 86400 // count
        stamp = (start + datetime.timedelta(seconds=second)).strftime("%d/%b/%Y:%H:%M:%S +0000")
    method, path, _ = random.choice(routes)
    if "%d" in path:
        path %= random.randrange(1, 20000)
    elif "%s" in path:
        path %= ("tv", "shoes", "laptop", "toy")[random.randrange(4)]
    status = 200 if random.random() < 0.985 else random.choice((302, 404, 500, 502, 503))
    client = random.randrange(2000000)
    address = "%d.%d.%d.%d" % (11 + client % 180, client // 180 % 256, client // 46080 % 256, client * 7 % 256)
    out.append('%s - - [%s] "%s %s HTTP/1.1" %d %d "%s" "%s" %.3f\n' % (
        address, stamp, method, path, status, random.randrange(200, 50000), referrers[random.randrange(4)],
        agents[client % len(agents)], random.lognormvariate(-2.5, 0.8)))
    if len(out) == 20000:
        sys.stdout.write("".join(out))
        out.clear()
sys.stdout.write("".join(out))
PYTHON
# The same lines again and again, as peers like them: an AWS ELB log.
[ -f replicated-elb.log ] || python3 - > replicated-elb.log <<'PYTHON'
import random, sys
random.seed(7)
lines = []
for index in range(10000):
    agent = random.choice(["Mozilla/5.0 (Windows NT 6.1; rv:39.0) Gecko/20100101 Firefox/39.0", "Mozilla/5.0 (iPhone) AppleWebKit/600"])
    lines.append('2026-11-27T09:%02d:%02d.%06dZ shop 203.0.113.%d:%d 10.0.6.%d:80 0.000022 %.6f 0.00002 200 200 0 %d '
                 '"GET https://shop.example:443/product/%d?utm_source=mail&utm_campaign=week%d HTTP/1.1" "%s" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2\n' % (
        index // 167 % 60, index % 60, random.randrange(1000000), random.randrange(1, 250), random.randrange(1024, 65000),
        random.randrange(1, 250), random.lognormvariate(-4, 1), random.randrange(100, 90000), random.randrange(5000), random.randrange(50), agent))
text = "".join(lines)
for _ in range(150):
    sys.stdout.write(text)
PYTHON
[ -f varied.log.gz ] || gzip -c varied.log > varied.log.gz
[ -n "${SKIP_TEN:-}" ] || [ -f varied10.log ] || for _ in 1 2 3 4 5 6 7 8 9 10; do cat varied.log; done > varied10.log

cat > duck.py <<'PYTHON'
import duckdb, sys
log, kind = sys.argv[1:]
connection = duckdb.connect()
connection.execute("set threads=2")
reading = f"read_csv('{log}', columns={{'line':'VARCHAR'}}, delim='\\x01', quote='', escape='', header=false, auto_detect=false)"
if kind == "nginx":
    connection.execute(r"""copy (select strptime(r.ts,'%d/%b/%Y:%H:%M:%S %z') as ts, r.ip as ip, r.method as method, r.path as path,
      r.status::USMALLINT as status, r.bytes::BIGINT as bytes, r.ref as ref, r.ua as ua, (r.rt::DOUBLE*1000000)::BIGINT as duration_us from (
      select regexp_extract(line,'^(\S+) \S+ \S+ \[([^\]]+)\] "(\S+) (\S+) [^"]*" (\d+) (\d+) "([^"]*)" "([^"]*)" ([\d.]+)',
      ['ip','ts','method','path','status','bytes','ref','ua','rt']) as r from """ + reading + ")) to 'duck.parquet' (format parquet, compression zstd)")
else:
    connection.execute(f"""copy (select column00::TIMESTAMP as ts, column02 as client, (column04+column05+column06)*1000000 as duration_us,
      column07::USMALLINT as status, column09 as bytes_in, column10 as bytes_out, split_part(column11,' ',1) as method,
      split_part(column11,' ',2) as url, column12 as ua from read_csv('{log}', delim=' ', quote='"', escape='', header=false, auto_detect=false,
      columns={{'column00':'VARCHAR','column01':'VARCHAR','column02':'VARCHAR','column03':'VARCHAR','column04':'DOUBLE','column05':'DOUBLE',
      'column06':'DOUBLE','column07':'VARCHAR','column08':'VARCHAR','column09':'BIGINT','column10':'BIGINT','column11':'VARCHAR',
      'column12':'VARCHAR','column13':'VARCHAR','column14':'VARCHAR'}})) to 'duck.parquet' (format parquet, compression zstd)""")
PYTHON

# GoAccess reads standard input where there is no terminal.
cat > goaccess.sh <<'SHELL'
cat varied.log | goaccess - -o goaccess.json --no-progress --log-format '%h %^[%d:%t %^] "%r" %s %b "%R" "%u" %T' \
    --date-format '%d/%b/%Y' --time-format '%T'
SHELL

# run NAME BYTES COMMAND…: the median over the passes of the wall time of a whole process
run() {
    local name=$1 bytes=$2
    shift 2
    for ((pass = 0; pass < passes; pass++)); do
        rm -rf lake duck.parquet
        /usr/bin/env time -f '%e %M' -o time.txt "$@" > /dev/null 2>&1
        cat time.txt
    done | sort -n | awk -v name="$name" -v bytes="$bytes" '
        { seconds[NR] = $1; if ($2 > peak) peak = $2 }
        END { m = seconds[int((NR + 1) / 2)]; printf "%-44s %7.2f s  %7.0f MB/s  peak %5.0f MB  (%.2f to %.2f)\n", name, m, bytes / m / 1e6, peak / 1024, seconds[1], seconds[NR] }'
}
varied=$(stat -c %s varied.log)
elb=$(stat -c %s replicated-elb.log)
run "firedrill, varied nginx log" "$varied" "$firedrill" ingest varied.log --lake lake -q
run "DuckDB, varied nginx log" "$varied" python3 duck.py varied.log nginx
# Minutes per run, and far behind: once is enough.
passes=1 run "GoAccess, varied nginx log (no Parquet)" "$varied" bash goaccess.sh
run "firedrill, replicated ELB log" "$elb" "$firedrill" ingest replicated-elb.log --lake lake -q
run "DuckDB, replicated ELB log" "$elb" python3 duck.py replicated-elb.log elb
run "firedrill, varied log, .gz" "$varied" "$firedrill" ingest varied.log.gz --lake lake -q
run "gzip -dc alone" "$varied" gzip -dc varied.log.gz
[ -n "${SKIP_TEN:-}" ] || run "firedrill, ten times the varied log" $((varied * 10)) "$firedrill" ingest varied10.log --lake lake -q
