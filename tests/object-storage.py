#!/usr/bin/env python3
"""The lake on object storage, against emulators on loopback: the same numbers as in a folder, each line
exactly once whatever happens to writers and answers, and clear refusals.

    python3 tests/object-storage.py FIREDRILL [ROUNDS [azure-refusals]]

Installs moto (PyPI) and azurite (npm) into a cache folder, and skips with a line what cannot be had.
"""
import concurrent.futures
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import storage_emulators as emulators  # noqa: E402

FIREDRILL = os.path.realpath(sys.argv[1])
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 6
CLEAN = {name: value for name, value in os.environ.items()
         if not name.startswith(("AWS_", "AZURE_", "GOOGLE_", "STORAGE_", "FIREDRILL_"))}
CLEAN["AWS_EC2_METADATA_DISABLED"] = "true"
SECRET = "TOPSECRET"


def fail(text):
    sys.exit(f"FAILED: {text}")


def start(environment, *arguments):
    return subprocess.Popen([FIREDRILL, *map(str, arguments)], env=CLEAN | environment, text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def run(environment, *arguments, codes=(0,)):
    process = start(environment, *arguments)
    out, err = process.communicate(timeout=600)
    if process.returncode not in codes:
        fail(f"firedrill {' '.join(map(str, arguments))}: exit {process.returncode}: {err}")
    return out


def info(environment, lake):
    found = json.loads(run(environment, "lake", "info", "--lake", lake, "--json"))
    return {name: found[name] for name in ("records", "rejected", "from", "to", "origins", "sources", "runs")}


def sound(environment, lake):
    """The findings of `lake verify`, none of which is damage."""
    found = json.loads(run(environment, "lake", "verify", "--lake", lake, "--json"))
    if not found["is_sound"]:
        fail(f"{lake}: {found['findings']}")
    return found["findings"]


def s3(port, **more):
    return {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1"} | more


class Data:
    """Logs of two days, a folder lake of them, and what it says."""

    def __init__(self, work):
        self.logs = work / "logs"
        run({}, "simulate", "--start", "2026-11-16", "--days", 2, "--shoppers-per-day", 120, "-o", self.logs, "-q")
        with (self.logs / "bad.log").open("wb") as bad:
            good = next(iter(sorted(self.logs.glob("access*.log")))).read_bytes().splitlines(True)[400:800]
            bad.writelines(good[:399] + [b"nonsense\n"] + good[399:])
        self.files = sorted(self.logs.glob("*.log"))
        self.local = work / "lake"
        run({}, "ingest", *self.files, "--lake", self.local, "-q")
        self.info = info({}, self.local)
        self.answers = self.ask({}, self.local)

    def ask(self, environment, lake):
        """What the verbs that judge say of a lake."""
        sli = json.loads(run(environment, "sli", "--lake", lake, "--json", codes=(0, 1)))
        rollup = run(environment, "rollup", "--lake", lake, "--json")
        rejects = run(environment, "lake", "rejects", "--lake", lake, "--json")
        out = self.logs.parent / f"report-{random.randrange(1 << 30)}.json"
        run(environment, "report", "--week", "2026-W47", "--lake", lake, "-o", out, "-q", codes=(0, 1))
        report = re.sub(r'"(generated|made_at|now)[a-z_]*": ?"[^"]*"', "", out.read_text())
        return sli, rollup, rejects, report


def same_as_folder(data, name, environment, lake):
    """Everything that works on a folder gives the same here; once more changes nothing."""
    run(environment, "ingest", *data.files, "--lake", lake, "-q")
    if info(environment, lake) != data.info:
        fail(f"{name}: {info(environment, lake)} instead of {data.info}")
    for part, (mine, folder) in enumerate(zip(data.ask(environment, lake), data.answers)):
        if mine != folder:
            fail(f"{name}: answer {part} differs from that of a folder")
    # The second time the counts come from what was kept.
    for part, (mine, folder) in enumerate(zip(data.ask(environment, lake), data.answers)):
        if mine != folder:
            fail(f"{name}: kept answer {part} differs from that of a folder")
    again = json.loads(run(environment, "ingest", *data.files, "--lake", lake, "--json"))
    if again["totals"]["records"] != 0:
        fail(f"{name}: a second ingest added {again['totals']['records']} records")
    if sound(environment, lake):
        fail(f"{name}: findings {sound(environment, lake)}")
    print(f"{name}: {data.info['records']} records; info, sli, rollup, rejects and report as in a folder; twice is once")


def upkeep(data, name, environment, lake):
    for number in range(4):
        small = data.logs / f"small-{number}.txt"
        lines = data.files[0].read_bytes().splitlines(True)
        small.write_bytes(b"".join(lines[900 + number * 50:950 + number * 50]))
        run(environment, "ingest", small, "--lake", lake, "-q")
    before = info(environment, lake)
    compacted = json.loads(run(environment, "lake", "compact", "--lake", lake, "--json"))
    removed = json.loads(run(environment, "lake", "vacuum", "--older-than", "0s", "--lake", lake, "--json"))
    if compacted["replaced"] < 2 or len(removed["files"]) != compacted["replaced"]:
        fail(f"{name}: compacted {compacted}, vacuumed {removed}")
    if info(environment, lake) != before or sound(environment, lake):
        fail(f"{name}: upkeep changed the lake")
    print(f"{name}: {compacted['replaced']} files compacted to {compacted['written']}, and vacuumed; rows as before")


def rehearsal(work, name, environment, lake):
    scenario = work / "short.yaml"
    scenario.write_text(
        "name: short\nseed: 7\ntarget: {shop: {checkouts_per_s: 60, payment_time: 20ms, payment_queue: 300}}\n"
        "traffic:\n  arrivals: even\n  curve:\n    - {at: 0s, shoppers_per_s: 5}\n    - {at: 3s, shoppers_per_s: 5}\n"
        "shoppers:\n  - {name: all, share: 1, journey: only}\njourneys:\n  only: [{get: /}]\nproducts: 1000\n"
        "limits: {in_flight: 500, step_timeout: 30s, drain: 60s, schedule_lag_p99: 30s}\n")
    done = json.loads(run(environment, "rehearse", scenario, "--run-id", "r1", "--lake", lake, "--report",
                          work / "r1.html", "--json", codes=(0, 1)))
    again = start(environment, "rehearse", scenario, "--run-id", "r1", "--lake", lake, "--report", work / "r2.html")
    _, err = again.communicate(timeout=120)
    if again.returncode == 0 or "already in the lake" not in err:
        fail(f"{name}: a run could be repeated under its name: {err}")
    judged = json.loads(run(environment, "sli", "--run", "r1", "--lake", lake, "--json", codes=(0, 1)))
    if info(environment, lake)["runs"] != ["r1"] or not judged["slis"] or sound(environment, lake):
        fail(f"{name}: the rehearsal is not in the lake")
    print(f"{name}: a rehearsal of {done['requests']} requests is recorded, judged again, and kept by its name")


def exactly_once(data, name, environment, lake):
    """Compares a lake, which others wrote together, with that of one undisturbed ingest."""
    if info(environment, lake) != data.info:
        fail(f"{name}: {info(environment, lake)} instead of {data.info}")
    return [finding for finding in sound(environment, lake) if "orphan" in finding]


def races(data, name, environment, prefix):
    """Two processes with the same files, and four with different ones, in any order."""
    orphans = 0
    for number in range(ROUNDS):
        lake = f"{prefix}/race-{number}"
        shares = [data.files, data.files[::-1]] if number % 2 == 0 else [data.files[at::4] for at in range(4)]
        writers = [start(environment, "ingest", *files, "--lake", lake, "--json") for files in shares if files]
        records = 0
        for writer in writers:
            out, err = writer.communicate(timeout=600)
            if writer.returncode != 0:
                fail(f"{name}: a racing writer: exit {writer.returncode}: {err}")
            records += json.loads(out)["totals"]["records"]
        if records != data.info["records"]:
            fail(f"{name}: racing writers said {records} records, there are {data.info['records']}")
        orphans += len(exactly_once(data, name, environment, lake))
    print(f"{name}: {ROUNDS} races of 2 and 4 writers: each record once; {orphans} orphans of losers")


def kills(data, name, environment, prefix):
    """A writer is killed somewhere; another one, and a repetition, make up for it."""
    random.seed(11)
    killed = 0
    began = time.monotonic()
    run(environment, "ingest", *data.files, "--lake", f"{prefix}/kill-timing", "-q")
    whole_s = time.monotonic() - began
    for number in range(ROUNDS):
        lake = f"{prefix}/kill-{number}"
        victim = start(environment, "ingest", *data.files, "--lake", lake, "-q")
        other = start(environment, "ingest", *data.files[::-1], "--lake", lake, "-q") if number % 2 else None
        time.sleep(random.uniform(0.05, whole_s))
        victim.kill()
        victim.communicate()
        killed += victim.returncode != 0
        if other is not None:
            _, err = other.communicate(timeout=600)
            if other.returncode != 0:
                fail(f"{name}: the other writer: exit {other.returncode}: {err}")
        run(environment, "ingest", *data.files, "--lake", lake, "-q")
        exactly_once(data, name, environment, lake)
    print(f"{name}: {killed} of {ROUNDS} writers killed half-way, half of them beside another: each record once")


def lost_answers(data, port, bucket):
    with emulators.Proxy(port, lost_share=0.4) as proxy:
        environment = s3(proxy.port)
        for number in range(ROUNDS):
            lake = f"s3://{bucket}/lost-{number}"
            writers = [start(environment, "ingest", *files, "--lake", lake, "-q")
                       for files in (data.files[::2], data.files[1::2])]
            for writer in writers:
                _, err = writer.communicate(timeout=600)
                if writer.returncode != 0:
                    fail(f"s3, answers lost: exit {writer.returncode}: {err}")
            exactly_once(data, "s3, answers lost", s3(port), lake)
    if proxy.lost == 0:
        fail("no answer was lost")
    print(f"s3: {proxy.lost} answers of conditional puts lost after the store obeyed: each record once")


def other_engines(python, name, environment, lake, local, options):
    """deltalake and DuckDB read the same totals from the bucket and from the folder."""
    program = """
import json, sys, deltalake, duckdb
lake, options = sys.argv[1], json.loads(sys.argv[2])
requests = deltalake.DeltaTable(lake + "/requests", storage_options=options).to_pyarrow_table()
rejects = deltalake.DeltaTable(lake + "/rejects", storage_options=options).to_pyarrow_table()
connection = duckdb.connect()
connection.register("requests", requests)
row = connection.execute("select count(*), sum(latency_us), sum(bytes_out), count(distinct route) from requests").fetchone()
print(json.dumps([requests.num_rows, *map(int, row), rejects.num_rows]))
"""
    def ask(place, options):
        done = subprocess.run([str(python), "-c", program, str(place), json.dumps(options)], text=True,
                              capture_output=True, env=CLEAN | environment)
        if done.returncode != 0:
            fail(f"deltalake cannot read {place}: {done.stderr[-2000:]}")
        return json.loads(done.stdout)
    found, folder = ask(lake, options), ask(local, {})
    if found != folder:
        fail(f"{name}: other engines read {found} from the bucket, {folder} from the folder")
    print(f"{name}: deltalake and DuckDB read the totals of the folder: {found}")


def refusals(data, moto_port, azurite_port):
    """Every wrong setting has one clear message, exit 4 (or 2 for a typo), and leaves nothing behind."""
    lines = []

    def refused(name, environment, lake, said, code=4, verb="ingest"):
        arguments = [verb, *(data.files[:1] if verb == "ingest" else ["info"]), "--lake", lake]
        began = time.monotonic()
        process = start(environment, *arguments)
        _, err = process.communicate(timeout=300)
        seconds = time.monotonic() - began
        if process.returncode != code or said not in err or "hint: " not in err:
            fail(f"{name}: exit {process.returncode}: {err}")
        if SECRET in err or len(err.strip().splitlines()) > (1 if code == 4 else 8):
            fail(f"{name}: too much is said: {err}")
        if seconds > 60:
            fail(f"{name}: said after {seconds:.0f} s only")
        lines.append(f"  {name} ({seconds:.1f} s): {err.strip().splitlines()[0]}")

    refused("no such bucket", s3(moto_port), "s3://no-such-bucket/lake", "there is no bucket `no-such-bucket`")
    refused("nothing there yet", s3(moto_port), "s3://logs/nothing", "no lake at `s3://logs/nothing`", verb="lake")
    refused("refused endpoint", s3(emulators.free_port()), "s3://logs/lake", "the connection is refused")
    refused("unknown host", s3(0, AWS_ENDPOINT_URL="http://no-such-host.invalid:9"), "s3://logs/lake", "hint: is http://no-such-host")
    refused("no credentials", {}, "s3://logs/lake", "there are no credentials")
    refused("unknown profile", {"AWS_PROFILE": "nobody"}, "s3://logs/lake", "there is no profile `nobody`")
    refused("typo in the scheme", s3(moto_port), "s4://logs/lake", "did you mean `s3://`?", code=2)
    refused("password in the address", s3(moto_port), f"s3://key:{SECRET}@logs/lake", "no user and no password", code=2)
    for name, status, code, said, more in [
            ("wrong key", 403, "InvalidAccessKeyId", "credentials are not accepted", ""),
            ("wrong secret", 403, "SignatureDoesNotMatch", "credentials are not accepted", ""),
            ("expired token", 400, "ExpiredToken", "credentials are not accepted", ""),
            ("clock five minutes off", 403, "RequestTimeTooSkewed", "the clock of this machine is wrong", ""),
            ("not allowed", 403, "AccessDenied", "access is denied", ""),
            ("another region", 400, "AuthorizationHeaderMalformed", "AWS_REGION=eu-west-1", "<Region>eu-west-1</Region>"),
            ("busy for ever", 503, "SlowDown", "the store answered `SlowDown`", "")]:
        with emulators.refusing(status, code, more=more) as store:
            refused(name, s3(store.port), "s3://logs/lake", said)
    with emulators.refusing(403, "AccessDenied", only_puts=True, port=moto_port) as store:
        refused("bucket that cannot be written", s3(store.port), "s3://logs/read-only", "access is denied")
    lake = "s3://logs/read-later"
    run(s3(moto_port), "ingest", data.files[0], "--lake", lake, "-q")
    before = info(s3(moto_port), lake)
    with emulators.refusing(403, "AccessDenied", only_puts=True, port=moto_port) as store:
        process = start(s3(store.port), "ingest", *data.files[1:], "--lake", lake)
        _, err = process.communicate(timeout=300)
        if process.returncode != 4 or info(s3(moto_port), lake) != before:
            fail(f"refused half-way: exit {process.returncode}: {err}")
    run(s3(moto_port), "ingest", *data.files, "--lake", lake, "-q")
    exactly_once(data, "repeated after a refusal", s3(moto_port), lake)
    if azurite_port:
        wrong = azure(azurite_port) | {"AZURE_STORAGE_ACCOUNT_KEY": "VE9QU0VDUkVU"}
        refused("azure, wrong key", wrong, "az://logs/lake", "access is denied")
        refused("azure, no such container", azure(azurite_port), "az://nowhere/lake", "there is no container `nowhere`")
    print("refusals, each with exit code, cure and no secret:\n" + "\n".join(lines))


def azure(port):
    return {"AZURE_STORAGE_USE_EMULATOR": "true", "AZURITE_BLOB_STORAGE_URL": f"http://127.0.0.1:{port}"}


def conditional_put(name, put):
    """Of twenty puts of one name at once, one succeeds."""
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        found = list(pool.map(lambda number: put(f"writer {number}".encode()), range(20)))
    won = sum(status in (200, 201) for status in found)
    if won != 1 or any(status not in (200, 201, 409, 412) for status in found):
        fail(f"{name} does not keep conditional puts apart: {found}")
    print(f"{name}: of 20 conditional puts at once, one succeeds")


def amazon(data, work, python, port):
    for bucket in ("logs", "races"):
        emulators.send(port, "PUT", f"/{bucket}", headers=emulators.SIGNED)
    conditional_put("moto", lambda body: emulators.send(
        port, "PUT", "/logs/once", body, emulators.SIGNED | {"If-None-Match": "*"})[0])
    lake = "s3://logs/team/lake"
    same_as_folder(data, "s3", s3(port), lake)
    options = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_ACCESS_KEY_ID": "key", "AWS_REGION": "us-east-1",
               "AWS_SECRET_ACCESS_KEY": "x", "AWS_ALLOW_HTTP": "true"}
    other_engines(python, "s3", s3(port), lake, data.local, options)
    upkeep(data, "s3", s3(port), lake)
    rehearsal(work, "s3", s3(port), lake)
    races(data, "s3", s3(port), "s3://races")
    kills(data, "s3", s3(port), "s3://races")
    lost_answers(data, port, "races")
    profile = work / "credentials"
    profile.write_text(f"[shop]\naws_access_key_id = key\naws_secret_access_key = {SECRET}\nregion = us-east-1\n"
                       f"endpoint_url = http://127.0.0.1:{port}\n")
    process = work / "config"
    process.write_text("[profile vault]\nregion = us-east-1\ncredential_process = "
                       "echo '{\"Version\":1,\"AccessKeyId\":\"key\",\"SecretAccessKey\":\"s\"}'\n")
    files = {"AWS_SHARED_CREDENTIALS_FILE": str(profile), "AWS_CONFIG_FILE": str(process)}
    info(files | {"AWS_PROFILE": "shop"}, lake)
    info(files | {"AWS_PROFILE": "vault", "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}, lake)
    print("s3: credentials of a profile, and of a program that a profile names")


def main():
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        data = Data(work)
        python = emulators.python_packages()
        if python is None:
            print("skipped: moto, deltalake or duckdb cannot be had from PyPI here")
            return
        program = emulators.azurite_program()
        with emulators.moto(python, work) as moto:
            amazon(data, work, python, moto.port)
            azurite_port = None
            if program is None:
                print("skipped: azurite cannot be had from npm here")
                refusals(data, moto.port, None)
            else:
                with emulators.azurite(program, work) as azurite:
                    for container in ("logs", "races"):
                        emulators.azure_send(azurite.port, "PUT", f"/{container}?restype=container")
                    conditional_put("azurite", lambda body: emulators.azure_send(
                        azurite.port, "PUT", "/logs/once", body,
                        {"If-None-Match": "*", "x-ms-blob-type": "BlockBlob"})[0])
                    lake = "az://logs/team/lake"
                    same_as_folder(data, "azure", azure(azurite.port), lake)
                    other_engines(python, "azure", azure(azurite.port), lake, data.local,
                                  {"azure_storage_use_emulator": "true"})
                    upkeep(data, "azure", azure(azurite.port), lake)
                    races(data, "azure", azure(azurite.port), "az://races")
                    kills(data, "azure", azure(azurite.port), "az://races")
                    if "azure-refusals" in sys.argv[3:]:
                        azurite_port = azurite.port
                    refusals(data, moto.port, azurite_port)
            with emulators.google_stand_in(moto.port) as google:
                environment = {"STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{google.port}"}
                emulators.send(moto.port, "PUT", "/google", headers=emulators.SIGNED)
                same_as_folder(data, "gs, on a stand-in", environment, "gs://google/lake")
                races(data, "gs, on a stand-in", environment, "gs://google")
    print("object storage: all well")


if __name__ == "__main__":
    main()
