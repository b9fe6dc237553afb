#!/usr/bin/env python3
"""Input that means harm: memory stays below 512 MB, nothing is lost in silence, nothing runs.

    python3 tests/hostile-input.py FIREDRILL

Prints one line per case with the peak memory of the process (ru_maxrss).
"""
import gzip
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading

FIREDRILL = os.path.realpath(sys.argv[1])
MEMORY_MB_MAX = 512
GOOD = '203.0.113.9 - - [27/Nov/2026:08:00:01 +0000] "GET /cart HTTP/1.1" 200 512 "-" "Mozilla/5.0" 0.015\n'


def run(arguments, feed=None):
    """Exit code, standard output, standard error and peak memory in MB of one firedrill."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen([FIREDRILL, *arguments], stdin=subprocess.PIPE if feed else subprocess.DEVNULL, stdout=out, stderr=err)
        if feed:
            thread = threading.Thread(target=pour, args=(feed, process.stdin))
            thread.start()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if feed:
            thread.join()
        out.seek(0)
        err.seek(0)
        return process.returncode, out.read(), err.read(), usage.ru_maxrss / 1024


def pour(feed, pipe):
    try:
        for piece in feed():
            pipe.write(piece)
        pipe.close()
    except BrokenPipeError:
        pass


def check(name, condition, what):
    if not condition:
        sys.exit(f"FAILED: {name}: {what}")


def ingest(name, work, path, feed=None, more=()):
    lake = work / name.replace(" ", "-")
    code, out, err, memory_mb = run(["ingest", str(path), "--lake", str(lake), "--json", *more], feed)
    check(name, memory_mb < MEMORY_MB_MAX, f"{memory_mb:.0f} MB of memory")
    check(name, b"\x1b" not in out + err, "a control character reaches the terminal")
    totals = json.loads(out)["totals"] if out else None
    if totals:
        total = totals["records"] + totals["rejected"] + totals["blank"] + totals["already_ingested_lines"]
        check(name, totals["lines"] == total, f"{totals}")
    print(f"ok  {name}: exit {code}, {memory_mb:.0f} MB", totals or err.decode(errors="replace").strip()[:160], flush=True)
    return code, totals, err.decode(errors="replace"), lake


def one_huge_line(work):
    def feed():
        yield GOOD.encode()
        for _ in range(1024):
            yield b"a" * (1 << 20)
        yield b"\n" + GOOD.encode()
    code, totals, _, _ = ingest("one line of 1 GiB", work, "-", feed, ["--max-reject", "0.5"])
    check("one line of 1 GiB", code == 0 and totals["records"] == 2 and totals["rejected"] == 1, totals)


def many_urls(work):
    def feed():
        for block in range(1000):
            yield "".join(
                f'203.0.113.9 - - [27/Nov/2026:08:{block // 60 % 60:02}:{block % 60:02} +0000] "GET /{"ab"[n % 2]}x{block:x}{n:x}/p-{n}-{block}?q={n} HTTP/1.1" 200 512 "-" "agent-{n}" 0.015\n'
                for n in range(10_000)).encode()
    code, totals, _, lake = ingest("10 million distinct URLs", work, "-", feed)
    check("10 million distinct URLs", code == 0 and totals["records"] == 10_000_000, totals)
    code, _, err, memory_mb = run(["sli", "--lake", str(lake), "--json"])
    check("10 million distinct URLs", code in (0, 1), err)
    print(f"    sli over them: {memory_mb:.0f} MB")


def bombs(work):
    member = gzip.compress(bytes(64 << 20), 9)
    bomb = work / "bomb.gz"
    bomb.write_bytes(member * 160)
    code, _, err, lake = ingest("gzip bomb of 10 GiB", work, bomb)
    check("gzip bomb", code == 4 and "decompression bomb" in err, err)
    lines = work / "lines.gz"
    lines.write_bytes(gzip.compress(GOOD.encode()) + gzip.compress(b"\n" * (64 << 20), 9) * 160)
    code, _, err, _ = ingest("gzip bomb of empty lines", work, lines)
    check("gzip bomb of empty lines", code == 4 and "decompression bomb" in err, err)


def compressed(work):
    whole = work / "concatenated.gz"
    whole.write_bytes(b"".join(gzip.compress((GOOD * 1000).replace("/cart", f"/c{n}art").encode()) for n in range(20)))
    code, totals, _, _ = ingest("concatenated gzip", work, whole)
    check("concatenated gzip", code == 0 and totals["records"] == 20_000, totals)
    text = "".join(GOOD.replace("512", str(n)) for n in range(100_000)).encode()
    cut = work / "cut.gz"
    cut.write_bytes(gzip.compress(text)[:-200_000 // 10])
    code, totals, err, _ = ingest("truncated gzip", work, cut)
    check("truncated gzip", code == 4 and totals is None and "cut off" in err, err)
    damaged = bytearray(gzip.compress(text))
    damaged[len(damaged) // 2] ^= 0xFF
    (work / "damaged.gz").write_bytes(damaged)
    code, totals, err, _ = ingest("damaged gzip", work, work / "damaged.gz")
    check("damaged gzip", code == 4, err)
    raw = work / "not-really.gz"
    raw.write_text(GOOD)
    code, totals, _, _ = ingest("text called gz", work, raw)
    check("text called gz", code == 0 and totals["records"] == 1, totals)


def bytes_of_all_kinds(work):
    nasty = ["\x00\x01\x02", "\x1b]0;owned\x07\x1b[31m", "=cmd|' /C calc'!A0", "<script>alert(1)</script>", "../../etc/passwd", "\u202egnp.exe", "'; drop table requests; --"]
    log = work / "nasty.log"
    with log.open("wb") as file:
        for text in nasty:
            file.write(GOOD.replace("/cart", f"/{text}").replace("Mozilla/5.0", text).encode())
            file.write(GOOD.replace('"-"', f'"https://{text}/"').encode())
            file.write(f"{text}\n".encode())
        file.write(GOOD.replace("/cart", "/caf").encode().replace(b"/caf", b"/caf\xff\xfe"))
        file.write(GOOD.encode() * 100)
    code, totals, err, lake = ingest("hostile bytes", work, log, more=["--max-reject", "0.5", "--service", "../../evil"])
    check("hostile bytes", code == 0 and totals["lines"] == 122, totals)
    outside = [path for path in work.rglob("*evil*")]
    check("hostile bytes", not outside, f"files {outside}")
    report = work / "report.html"
    code, out, err, _ = run(["report", "--lake", str(lake), "-o", str(report)])
    page = report.read_text()
    check("hostile bytes", "<script>alert" not in page, "a script of the log is in the report")
    code, out, err, _ = run(["lake", "rejects", "--lake", str(lake)])
    check("hostile bytes", code == 0 and b"\x1b" not in out, "control characters in the list of rejects")
    check("hostile bytes", len(out.splitlines()) >= len(nasty), out)


def odd_shapes(work):
    deep = work / "deep.jsonl"
    deep.write_text('{"time":"2026-11-27T08:00:01Z","method":"GET","uri":"/","status":200,"request_time":0.1}\n' * 50 + "[" * 100_000 + "\n" + '{"a":' * 100_000 + "\n")
    code, totals, err, _ = ingest("JSON 100,000 levels deep", work, deep, more=["--max-reject", "0.5"])
    check("deep JSON", code == 0 and totals["records"] == 50 and totals["rejected"] == 2, totals or err)
    wide = work / "wide.csv"
    wide.write_text("timeStamp,elapsed,label,responseCode,URL," + ",".join(f"c{n}" for n in range(100_000)) + "\n"
                    + ("1795766401000,15,cart,200,http://shop.example/cart," + "," * 99_999 + "\n") * 20)
    code, totals, err, _ = ingest("CSV of 100,000 columns", work, wide)
    check("wide CSV", code == 0 and totals["records"] == 20, totals or err)
    empty_gzip = work / "empty.gz"
    empty_gzip.write_bytes(gzip.compress(b""))
    code, _, err, _ = ingest("empty gzip", work, empty_gzip)
    check("empty gzip", code == 4 and "it is empty" in err, err)
    utf16 = work / "utf16.log"
    utf16.write_bytes((GOOD * 5).encode("utf-16"))
    code, _, err, _ = ingest("UTF-16", work, utf16)
    check("UTF-16", code == 4 and "iconv" in err, err)


with tempfile.TemporaryDirectory() as folder:
    work = pathlib.Path(folder)
    for case in (odd_shapes, bytes_of_all_kinds, compressed, bombs, one_huge_line, many_urls):
        case(work)
print("ok  hostile input: all cases below", MEMORY_MB_MAX, "MB")
