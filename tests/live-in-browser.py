#!/usr/bin/env python3
"""The live view of a rehearsal in a real browser: it moves, asks nobody else, and runs nothing.

    python3 tests/live-in-browser.py [--shots FOLDER] FIREDRILL

Rehearses a scenario with hostile names with `--ui`, and looks on with headless Chromium: on a desktop, in
the dark, and on a phone. Drives it over its DevTools protocol with the standard library alone. Ends with 1
at the first check that fails. Without Chromium it says that it was skipped; with REQUIRE_CHROMIUM=1 that
is a failure.
"""
import argparse
import base64
import importlib.util
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).parent
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
SCENARIO = f"""
name: live
seed: 7
target: {{shop: {{checkouts_per_s: 5, payment_time: 200ms, payment_queue: 20}}}}
traffic:
  phases:
    - {{name: "quiet {HOSTILE}", for: 8s, shoppers_per_s: 10}}
    - {{name: "rush {HOSTILE}", for: 12s, shoppers_per_s: 40}}
channels:
  - {{name: "{HOSTILE}", share: 1}}
shoppers:
  - {{name: buyer, share: 1, journey: buy}}
journeys:
  buy:
    - {{get: /}}
    - {{get: "/product/{{product}}", think: {{fixed: 200ms}}}}
    - {{post: /cart, form: {{product: "{{product}}", quantity: "1"}}}}
    - {{post: /checkout}}
limits: {{schedule_lag_p99: 10s}}
thresholds:
  - {{sli: errors, above: 1%, for: 2s, window: 1s, channel: "{HOSTILE}"}}
  - {{sli: response_p95, above: 30s, for: 5s}}
"""

# Elements and attributes that this page never has; a name of a scenario must not become any of them.
FOREIGN = """
(() => {
  const found = [...window.__ran];
  for (const element of document.querySelectorAll("img,iframe,object,embed,base,form,input,audio,video,source,textarea,template,foreignObject,animate,use,image")) found.push("<" + element.tagName + ">");
  for (const element of document.querySelectorAll("*"))
    for (const { name, value } of element.attributes) {
      if (/^on/i.test(name)) found.push(name);
      if (/^(src|href|action|formaction|srcdoc)$/i.test(name) && !/^(#|data:,|blob:)/.test(value)) found.push(name + "=" + value);
    }
  if (document.scripts.length !== 2) found.push(document.scripts.length + " scripts");
  return found;
})()
"""


def shared():
    """What the check of reports has already: a browser, and its checks of contrast."""
    spec = importlib.util.spec_from_file_location("report_in_browser", HERE / "report-in-browser.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def check(condition, what):
    if not condition:
        sys.exit(f"FAILED: {what}")


def get(url, **headers):
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status, answer.headers, answer.read()


def check_server(url):
    """What others see of it."""
    status, headers, page = get(url)
    policy = headers["content-security-policy"]
    check("default-src 'none'" in policy and "connect-src 'self'" in policy, policy)
    check(headers["x-content-type-options"] == "nosniff", "nosniff")
    check(b"http://" not in re.sub(rb"<!--.*?-->|<script>.*?</script>", b"", page, flags=re.S), "the page names a host")
    for host in ("evil.example", "127.0.0.1.evil.example:80"):
        try:
            get(url + "live.json", Host=host)
            check(False, f"answers for {host}")
        except urllib.error.HTTPError as error:
            check(error.code == 403, f"{host}: {error.code}")
    try:
        get(url + "report")
        check(False, "there is a report before the end")
    except urllib.error.HTTPError as error:
        check(error.code == 404, error.code)


def show(browser, url, size, theme, phone):
    browser.events.clear()
    browser.call("Emulation.setDeviceMetricsOverride", width=size[0], height=size[1], deviceScaleFactor=1, mobile=size == phone)
    browser.call("Emulation.setEmulatedMedia", media="", features=[{"name": "prefers-color-scheme", "value": theme}])
    browser.call("Page.navigate", url=url)
    browser.wait("Page.loadEventFired")
    browser.settle()


def check_silence(browser, url):
    for event in browser.events:
        method, what = event.get("method"), event.get("params", {})
        check(method != "Runtime.exceptionThrown", what)
        check(not (method == "Runtime.consoleAPICalled" and what["type"] in ("error", "warning", "assert")), what)
        check(not (method == "Log.entryAdded" and what["entry"]["level"] in ("error", "warning")), what)
        check(method != "Page.javascriptDialogOpening", what)
        if method == "Network.requestWillBeSent":
            address = what["request"]["url"]
            check(address.startswith((url, "data:", "blob:")), f"asks for {address}")
    foreign = browser.value(FOREIGN)
    check(foreign == [], f"foreign: {foreign}")


def until(browser, script, what, seconds=20):
    for _ in range(seconds * 5):
        value = browser.value(script)
        if value:
            return value
        time.sleep(0.2)
    check(False, f"{what}: {browser.value('document.body.innerText')}")


def look_on(browser, url, tools, shots):
    show(browser, url, tools.DESKTOP, "light", tools.PHONE)
    until(browser, "document.querySelectorAll('#slis tbody tr').length > 3 && document.querySelectorAll('canvas').length === 4", "no charts")
    now = "[document.getElementById('time').textContent, document.getElementById('load').textContent].join()"
    before = browser.value(now)
    until(browser, f"{now} !== {json.dumps(before)}", "nothing moves")
    look(browser, url, tools, shots, "light", tools.DESKTOP)
    for theme, size, name in (("dark", tools.DESKTOP, "dark"), ("light", tools.PHONE, "phone")):
        show(browser, url, size, theme, tools.PHONE)
        until(browser, "document.querySelectorAll('canvas').length === 4", "no charts")
        look(browser, url, tools, shots, theme, size, name)
    show(browser, url, tools.DESKTOP, "light", tools.PHONE)
    until(browser, "document.getElementById('thresholds').textContent.includes('BROKEN')", "the threshold does not break")
    check("<img" in browser.value("document.getElementById('thresholds').textContent"), "the hostile name is not there as text")
    look(browser, url, tools, shots, "light", tools.DESKTOP, "broken")


def look(browser, url, tools, shots, theme, size, name="light"):
    faint = browser.value(tools.FAINT)
    check(faint == [], f"too little contrast in {theme}: {faint}")
    width = browser.value("document.documentElement.scrollWidth")
    check(width <= size[0], f"{width} px wide on a screen of {size[0]} px")
    check_silence(browser, url)
    if shots:
        picture = browser.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        (shots / f"live-{name}.png").write_bytes(base64.b64decode(picture["data"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shots", type=pathlib.Path)
    parser.add_argument("firedrill", type=pathlib.Path)
    arguments = parser.parse_args()
    tools = shared()
    # This page has something to ask for, but only of its own server.
    tools.WATCH = tools.WATCH.replace(', "fetch"', "") + """
const make = URL.createObjectURL;
URL.createObjectURL = (blob) => { window.__kept = blob; return make(blob); };
"""
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, tools.NAMES)), None)
    if not program:
        if os.environ.get("REQUIRE_CHROMIUM") == "1":
            sys.exit("FAILED: there is no Chromium")
        print("skipped: there is no Chromium")
        return
    if arguments.shots:
        arguments.shots.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = tools.Browser(program, folder)
        scenario = pathlib.Path(folder) / "live.yaml"
        scenario.write_text(SCENARIO)
        words = [arguments.firedrill.resolve(), "rehearse", scenario, "--lake", pathlib.Path(folder) / "lake", "--run-id", "live", "--ui", "0"]
        run = subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            said = ""
            while "the run is shown on" not in said:
                said = run.stderr.readline()
                check(said, "the run ended before it was shown")
            url = said.split()[-1]
            check_server(url)
            look_on(browser, url, tools, arguments.shots)
            until(browser, "!document.getElementById('report').hidden", "no report at the end", 60)
            verdict = browser.value("document.getElementById('verdict').textContent")
            check(verdict == "fail", verdict)
            report = browser.value("window.__kept.text()")
            out, err = run.communicate(timeout=60)
            check(run.returncode == 1, f"{run.returncode}: {out}{err}")
            check(report == (pathlib.Path(folder) / "live.html").read_text(), "the report of the page is not the one of the disk")
            look(browser, url, tools, arguments.shots, "light", tools.DESKTOP, "over")
        finally:
            if run.poll() is None:
                run.kill()
            browser.close()
    print("ok: the live view")


main()
