#!/usr/bin/env python3
"""Other engines count a lake byte for byte as firedrill does: DuckDB, chDB, and Spark on a standalone master with
two workers on loopback, one of which is killed half-way. The SQL for Trino, Athena and BigQuery is parsed, and
run by DuckDB after translation: those engines cannot be had here.

    python3 tests/engines.py FIREDRILL [duckdb|chdb|dialects|spark|dying-spark]…

Without names all but the last, in which the whole cluster dies.

Installs what it needs into a folder of the user's cache, and says so and skips where that cannot be had.
"""
import csv
import hashlib
import io
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

FIREDRILL = os.path.realpath(sys.argv[1])
WANTED = sys.argv[2:] or ["duckdb", "chdb", "dialects", "spark"]
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "firedrill" / "engines"
PYTHON = CACHE / "bin" / "python"
PACKAGES = {"duckdb": ["duckdb", "pyarrow"], "chdb": ["chdb", "pyarrow"], "dialects": ["duckdb", "sqlglot", "pyarrow"], "spark": ["pyspark", "duckdb", "pyarrow"], "dying-spark": ["pyspark", "pyarrow"]}
INSTALL_S_MAX = 900
SPARK_S_MAX = 300
TEXTS = {"origin", "run_id", "service", "method", "route", "error", "client_class", "channel"}
KEYS = 12


def fail(text):
    sys.exit(f"FAILED: {text}")


def run(*arguments, codes=(0,), env=None):
    done = subprocess.run([FIREDRILL, *map(str, arguments)], capture_output=True, text=True, env=env)
    if done.returncode not in codes:
        fail(f"firedrill {' '.join(map(str, arguments))}: {done.returncode}: {done.stderr}")
    return done


def installed(packages):
    """Whether the packages are in the cache's own Python, after an attempt to put them there."""
    if not PYTHON.exists():
        subprocess.run([sys.executable, "-m", "venv", CACHE], check=False, capture_output=True)
    check = [PYTHON, "-c", "import " + ", ".join(packages)]
    if subprocess.run(check, capture_output=True).returncode == 0:
        return True
    try:
        subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", *packages], capture_output=True, timeout=INSTALL_S_MAX)
    except (subprocess.TimeoutExpired, OSError):
        return False
    return subprocess.run(check, capture_output=True).returncode == 0


# What the engines' own Python runs: one statement, and where the working folder is.
DUCKDB = "import duckdb, sys; duckdb.connect().execute(open(sys.argv[1]).read())"
CHDB = "import chdb, sys; chdb.query(open(sys.argv[1]).read(), 'CSV')"
ROWS = """
import json, pathlib, pyarrow.parquet, sys
path = pathlib.Path(sys.argv[1])
files = sorted(path.glob('*.parquet')) if path.is_dir() else [path]
for file in files:
    table = pyarrow.parquet.read_table(file)
    columns = [column.to_pylist() for column in table.columns]
    for row in zip(*columns):
        values = [value.decode() if isinstance(value, bytes) else value for value in row]
        print(json.dumps([table.column_names, values]))
"""
TRANSLATE = """
import duckdb, sqlglot, sys
text, dialect, files, out = open(sys.argv[1]).read(), sys.argv[2], sys.argv[3].split(','), sys.argv[4]
statements = [one for one in sqlglot.parse(text, read=dialect, error_level=sqlglot.ErrorLevel.RAISE) if one]
assert len(statements) == 1 and not isinstance(statements[0], sqlglot.exp.Command), statements
connection = duckdb.connect()
connection.read_parquet(files).create_view('requests')
connection.execute('COPY (' + statements[0].sql(dialect='duckdb') + ") TO '" + out + "' (FORMAT parquet)")
"""
TOTALS = """
import duckdb, sys
print(*duckdb.connect().execute(open(sys.argv[1]).read()).fetchone(), sep='\\t')
"""
PARSE = """
import sqlglot, sys
parsed = sqlglot.parse(open(sys.argv[1]).read(), read=sys.argv[2], error_level=sqlglot.ErrorLevel.RAISE)
print(*[type(one).__name__ for one in parsed if one])
"""


def python(code, *arguments, cwd=None):
    done = subprocess.run([PYTHON, "-c", code, *map(str, arguments)], capture_output=True, text=True, cwd=cwd)
    if done.returncode != 0:
        fail(f"{code[:60]}…: {done.stderr[-2000:]}")
    return done.stdout


def canonical(answer):
    """An engine's answer as firedrill prints the table: sorted by key, the name of the job left out."""
    rows = [json.loads(line) for line in python(ROWS, answer).splitlines()]
    if not rows:
        fail(f"{answer} is empty")
    names = [name for name in rows[0][0] if name != "job"]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    values = []
    for found, row in rows:
        by_name = dict(zip(found, row))
        values.append([by_name[name] if name in TEXTS else int(by_name[name]) for name in names])
    values.sort(key=lambda row: row[:KEYS])
    writer.writerows(values)
    return out.getvalue().encode()


def hash_of(data):
    return hashlib.sha256(data).hexdigest()[:16]


SURGE = """
name: surge
target: {shop: {checkouts_per_s: 60, payment_time: 20ms, payment_queue: 300}}
traffic:
  arrivals: even
  curve: [{at: 0s, shoppers_per_s: 20}, {at: 3s, shoppers_per_s: 20}]
shoppers: [{name: one, share: 1, journey: one}]
journeys: {one: [{get: /}, {get: '/product/{product}'}, {get: /nowhere}]}
limits: {schedule_lag_p99: 10s}
"""
MAPPING = """
format: json
time: {form: iso, field: ts, means: start}
duration: {field: d, unit: ms}
method: {field: m}
target: {field: u}
status: {field: s}
weight: {field: w}
"""


def make_lake(work):
    """A lake of all that there is: origins, runs, retries, samples, no latencies, replaced files."""
    lake = work / "lake"
    run("simulate", "--days", "2", "--shoppers-per-day", "400", "-o", work / "logs", "-q")
    for log in sorted((work / "logs").glob("*.log")):
        run("ingest", log, "--lake", lake, "-q")
    run("lake", "compact", "--lake", lake, "-q")
    log = sorted((work / "logs").glob("*.log"))[0].read_text().splitlines()[:3000]
    (work / "plain.log").write_text("".join(line.rsplit(" ", 1)[0].replace("27/Nov/2026:", "29/Nov/2026:") + "\n" for line in log))
    run("ingest", work / "plain.log", "--lake", lake, "-q")
    sampled = [json.dumps({"ts": f"2026-11-27T08:{n // 60 % 60:02}:{n % 60:02}.{n % 1000:03}Z", "m": ["GET", "POST"][n % 2], "u": f"/odd,\"quoted\"/x{n % 3}",
                           "s": [200, 404, 503][n % 3], "d": round(2_999 + n % 16 / 10, 1), "w": 1 + n % 7}) for n in range(3000)]
    (work / "sampled.jsonl").write_text("\n".join(sampled) + "\n")
    (work / "mapping.yaml").write_text(MAPPING)
    run("ingest", work / "sampled.jsonl", "--format", work / "mapping.yaml", "--lake", lake, "-q")
    tries = [f'192.0.2.{n % 200} - - [27/Nov/2026:09:{n // 60 % 60:02}:{n % 60:02} +0000] "GET /cart HTTP/1.1" 502 17 0.{n % 1000:03} {"10.0.0.1:80, 10.0.0.2:80" if n % 3 else "10.0.0.1:80"}'
             for n in range(900)]
    (work / "tries.log").write_text("\n".join(tries) + "\n")
    layout = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent $request_time $upstream_addr'
    run("ingest", work / "tries.log", "--format", layout, "--lake", lake, "-q")
    (work / "surge.yaml").write_text(SURGE)
    run("rehearse", work / "surge.yaml", "--lake", lake, "--run-id", "surge-1", "--report", work / "surge.html", "-q", codes=(0, 1, 5))
    return lake


class Expected:
    """What firedrill counts and says by itself."""

    def __init__(self, work, lake):
        self.work, self.lake = work, lake
        shutil.rmtree(lake / "derived", ignore_errors=True)
        self.cells = self.table()
        self.said = self.answers()
        rows = list(csv.DictReader(io.StringIO(self.cells.decode())))
        self.rows = sum(int(row["row_count"]) for row in rows)
        kinds = {
            "origins": len({row["origin"] for row in rows}) >= 2,
            "a run": any(row["run_id"] for row in rows),
            "retries": any(row["is_retried"] == "1" for row in rows),
            "no latency": any(row["latency_bucket"] == "-1" for row in rows),
            "samples": any(int(row["requests"]) > int(row["row_count"]) for row in rows),
            "a cut inside of a bucket": any(0 < int(row["within_3000000"]) < int(row["requests"]) for row in rows),
        }
        missing = [name for name, is_there in kinds.items() if not is_there]
        if missing:
            fail(f"this lake proves nothing of {missing}")

    def table(self, *words):
        path = self.work / "expected.csv"
        run("rollup", "--cells", "--lake", self.lake, "-o", path, *words)
        return path.read_bytes()

    def answers(self):
        """What sli, report and rollup say of the lake."""
        path = self.work / "said.json"
        run("report", "--lake", self.lake, "-o", path, "-q", codes=(0, 1))
        sli = run("sli", "--lake", self.lake, "--json", codes=(0, 1)).stdout
        table = run("rollup", "--lake", self.lake, "--by", "route,status").stdout
        return sli, path.read_text(), table

    def forget(self):
        shutil.rmtree(self.lake / "derived", ignore_errors=True)

    def check(self, engine, answer):
        found = canonical(answer)
        if found != self.cells:
            (self.work / "found.csv").write_bytes(found)
            fail(f"{engine} counts {hash_of(found)}, firedrill {hash_of(self.cells)}; see {self.work}")
        return found

    def check_answers(self, engine):
        batches = [path for path in (self.lake / "derived").glob("batch-*")]
        if len(batches) != 1:
            fail(f"{engine}: {len(batches)} batches are kept")
        if self.answers() != self.said:
            fail(f"{engine}: the report of its counts is another")

    def ok(self, engine, more):
        print(f"ok  {engine}: {self.rows} rows, {self.cells.count(10) - 1} cells, {hash_of(self.cells)}{more}", flush=True)


def sql_engine(expected, name, dialect, code, sources):
    work, lake = expected.work, expected.lake
    for source in sources:
        expected.forget()
        answer = work / f"{name}-{source}.parquet"
        answer.unlink(missing_ok=True)
        run("export", "sql", "--dialect", dialect, "--source", source, "--into", answer, "--lake", lake, "-o", work / "ask.sql")
        python(code, work / "ask.sql", cwd=work)
        expected.check(name, answer)
        run("rollup", "--import", answer, "--lake", lake)
        expected.check_answers(name)
    words = ["--origin", "customer", "--from", "2026-11-27T08:10:00Z", "--to", "2026-11-27T20:00:00Z"]
    answer = work / f"{name}-some.parquet"
    run("export", "sql", "--dialect", dialect, "--into", answer, "--lake", lake, "-o", work / "ask.sql", *words)
    python(code, work / "ask.sql", cwd=work)
    if canonical(answer) != expected.table(*words):
        fail(f"{name} selects other rows")
    expected.forget()
    (work / "engine.py").write_text(code)
    done = run("rollup", "--engine-cmd", f"{PYTHON} engine.py {{sql}}", "--dialect", dialect, "--by", "route,status", "--lake", lake)
    if done.stdout != expected.said[2]:
        fail(f"{name}: --engine-cmd prints another table")
    expected.check_answers(name)
    expected.ok(name, f", the same report; from {' and '.join(sources)}, a selection, and as --engine-cmd")


def dialects(expected):
    work, lake = expected.work, expected.lake
    live = work / "live.txt"
    run("export", "sql", "--dialect", "spark", "--list", live, "--lake", lake, "-o", work / "ask.sql")
    files = ",".join(live.read_text().split())
    for dialect in ["trino", "athena", "bigquery", "spark", "clickhouse", "duckdb"]:
        run("export", "sql", "--dialect", dialect, "--table", "requests", "--lake", lake, "-o", work / "ask.sql")
        # A version is of the table, which the view that DuckDB has in its place has not.
        text = (work / "ask.sql").read_text()
        plain = "\n".join(line.split(" FOR VERSION")[0].split(" VERSION")[0] for line in text.splitlines())
        (work / "ask.sql").write_text(plain)
        answer = work / f"{dialect}.parquet"
        python(TRANSLATE, work / "ask.sql", dialect, files, answer)
        expected.check(dialect, answer)
        if dialect in ("trino", "athena"):
            (work / "ask.sql").write_text(text)
            python(PARSE, work / "ask.sql", dialect)
    expected.ok("Trino, Athena and BigQuery", "; parsed and translated by sqlglot, run by DuckDB")


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def json_of(url):
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return json.load(answer)
    except (OSError, ValueError):
        return None


def until(what, look, limit_s=120):
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    fail(f"{what} within {limit_s} s")


class Cluster:
    """A master and two workers on loopback."""

    def __init__(self, work):
        home = python("import os, pyspark; print(os.path.dirname(pyspark.__file__))").strip()
        self.submit = pathlib.Path(home) / "bin" / "spark-submit"
        self.env = {**os.environ, "SPARK_HOME": home, "PYSPARK_PYTHON": str(PYTHON), "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_DAEMON_MEMORY": "300m"}
        self.spark_class = pathlib.Path(home) / "bin" / "spark-class"
        self.work, self.port, self.web, self.ui = work, free_port(), free_port(), free_port()
        self.url = f"spark://127.0.0.1:{self.port}"
        self.processes = []
        self.master = self.start("master.Master", "--host", "127.0.0.1", "--port", self.port, "--webui-port", self.web)
        until("the master answers", self.state)
        self.workers = [self.start("worker.Worker", "--host", "127.0.0.1", "-c", "1", "-m", "900m", "--webui-port", free_port(), "-d", work / f"worker-{n}", self.url) for n in (1, 2)]
        until("two workers are there", lambda: (self.state() or {}).get("aliveworkers") == 2)

    def start(self, name, *arguments):
        log = open(self.work / f"{name}-{len(self.processes)}.log", "wb")
        command = [self.spark_class, f"org.apache.spark.deploy.{name}", *map(str, arguments)]
        process = subprocess.Popen(command, env=self.env, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        self.processes.append(process)
        return process

    def state(self):
        return json_of(f"http://127.0.0.1:{self.web}/json/")

    def kill(self, process):
        """As a machine dies: the worker with its executors, which are its children."""
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True).stdout.split()
        for pid in [process.pid, *map(int, children)]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        process.wait()

    def words(self, *more, limit_s=SPARK_S_MAX):
        conf = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1", "spark.ui.port": self.ui, "spark.executor.memory": "500m", "spark.driver.memory": "700m",
                "spark.sql.files.maxPartitionBytes": "16384", "spark.sql.files.openCostInBytes": "16384", "spark.sql.shuffle.partitions": "8",
                "spark.port.maxRetries": "0", "spark.network.timeout": "60s", "spark.executor.heartbeatInterval": "5s"}
        words = ["rollup", "--engine", "spark", "--master", self.url, "--spark-submit", self.submit, "--engine-timeout", f"{limit_s}s", "--by", "route,status"]
        for key, value in conf.items():
            words += ["--spark-conf", f"{key}={value}"]
        return [str(word) for word in [FIREDRILL, *words, *more]]

    def half_way(self):
        """How many tasks of a stage are done, of how many; nothing before the second and after the last."""
        api = f"http://127.0.0.1:{self.ui}/api/v1/applications"
        for application in json_of(api) or []:
            for stage in json_of(f"{api}/{application['id']}/stages?status=active") or []:
                done, of = stage["numCompleteTasks"], stage["numTasks"]
                if 2 <= done < of - 2:
                    return done, of
        return None

    def end(self):
        for process in self.processes:
            if process.poll() is None:
                self.kill(process)


def spark(expected):
    if shutil.which("java") is None:
        subprocess.run("apt-get update -qq && apt-get install -y -qq openjdk-17-jre-headless", shell=True, capture_output=True, timeout=INSTALL_S_MAX)
    if shutil.which("java") is None:
        print("skipped: no Java for Spark here")
        return
    lake = expected.lake
    cluster = Cluster(expected.work)
    try:
        expected.forget()
        started = time.monotonic()
        child = subprocess.Popen(cluster.words("--lake", lake), env=cluster.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        seen = until("Spark is half-way", lambda: cluster.half_way() or child.poll() is not None)
        if seen is True:
            fail(f"Spark ended before it was half-way: {child.stderr.read()}")
        cluster.kill(cluster.workers[1])
        out, err = child.communicate(timeout=SPARK_S_MAX)
        took_s = time.monotonic() - started
        if child.returncode != 0:
            fail(f"Spark with one worker of two: {child.returncode}: {err}")
        until("the master misses a worker", lambda: (cluster.state() or {}).get("aliveworkers") == 1)
        if out != expected.said[2]:
            fail("Spark: the table that is printed is another")
        expected.check_answers("Spark")
        expected.ok(f"Spark on two workers, one killed after {seen[0]} of {seen[1]} tasks", f", the same report, {took_s:.0f} s")
        # What runs on a cluster elsewhere: plain SQL with the list of files in it, without a program of ours.
        expected.forget()
        command = f"{cluster.submit.parent / 'spark-sql'} --master 'local[1]' --conf spark.driver.memory=700m -f {{sql}}"
        done = run("rollup", "--engine-cmd", command, "--dialect", "spark", "--by", "route,status", "--lake", lake, "--engine-timeout", f"{SPARK_S_MAX}s", env=cluster.env)
        if done.stdout != expected.said[2]:
            fail("spark-sql: the table that is printed is another")
        expected.check_answers("spark-sql")
        expected.ok("spark-sql -f, as --engine-cmd", ", the same report")
        plain_files(expected, cluster)
    finally:
        cluster.end()


# Of every kind of column one, so that a file that is read wrongly cannot have the same sums.
SUMS = """SELECT count(*), count(latency_us), sum(latency_us), sum(status), sum(weight), count(shopper), sum(shopper % 1000003),
sum(position), sum(minute), sum(latency_bucket), count(DISTINCT route), count(DISTINCT source), count(channel), sum(bytes_out) FROM """


def plain_files(expected, cluster):
    """Spark's own reader of Parquet, with no list of files and no SQL of ours: what ingest wrote is what is there."""
    lake = expected.work / "plain-lake"
    shutil.copytree(expected.lake, lake)
    # Files that were compacted would be read as well as those in their place.
    run("lake", "vacuum", "--older-than", "0s", "--lake", lake, "-q")
    ask = expected.work / "sums.sql"
    ask.write_text(SUMS + f"'{lake}/requests/*.parquet'")
    by_duckdb = python(TOTALS, ask).split()
    ask.write_text(SUMS + f"parquet.`{lake}/requests/*.parquet`;")
    command = [cluster.submit.parent / "spark-sql", "--master", "local[1]", "--conf", "spark.driver.memory=700m", "-f", ask]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, env=cluster.env, timeout=SPARK_S_MAX, cwd=expected.work)
    by_spark = done.stdout.split()
    said = json.loads(run("lake", "info", "--json", "--lake", lake).stdout)
    if by_spark != by_duckdb or int(by_spark[0]) != said["records"]:
        fail(f"plain files: Spark {by_spark}, DuckDB {by_duckdb}, lake info {said['records']}: {done.stderr[-2000:]}")
    print(f"ok  Spark reads plain files: {by_spark[0]} rows and 13 other counts and sums are those of DuckDB and of lake info", flush=True)


def dying_spark(expected):
    lake = expected.lake
    cluster = Cluster(expected.work)
    try:
        expected.forget()
        # Left alone, a driver without a cluster waits for many minutes.
        child = subprocess.Popen(cluster.words("--lake", lake, limit_s=110), env=cluster.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        until("Spark is half-way", lambda: cluster.half_way() or child.poll() is not None)
        # A worker that is left would finish the job without its master.
        for process in [cluster.master, *cluster.workers]:
            cluster.kill(process)
        out, err = child.communicate(timeout=SPARK_S_MAX)
        left = [path.name for path in (lake / "derived").glob("*") if not path.name.startswith("job-")]
        if child.returncode != 4 or out or "nothing was kept" not in err or left or any((lake / "_staging").iterdir()):
            fail(f"a dead cluster: {child.returncode}, {out[:500]!r}, {err[-2000:]!r}, {left}")
        print("ok  Spark on a cluster that dies:", err.strip().splitlines()[-1][:160], flush=True)
    finally:
        cluster.end()


with tempfile.TemporaryDirectory() as folder:
    work = pathlib.Path(folder).resolve()
    expected = None
    for engine in WANTED:
        if not installed(PACKAGES[engine]):
            print(f"skipped: {engine}: {' and '.join(PACKAGES[engine])} cannot be had here")
            continue
        expected = expected or Expected(work, make_lake(work))
        os.chdir(work)
        if engine == "duckdb":
            sql_engine(expected, "DuckDB", "duckdb", DUCKDB, ["files"])
        elif engine == "chdb":
            sql_engine(expected, "chDB", "clickhouse", CHDB, ["files", "delta"])
        elif engine == "dialects":
            dialects(expected)
        elif engine == "spark":
            spark(expected)
        else:
            dying_spark(expected)
