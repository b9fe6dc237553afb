#!/usr/bin/env python3
"""A report in a real browser: charts are drawn and readable, nothing is asked for, nothing runs.

    python3 tests/report-in-browser.py [--shots FOLDER] FILE.html...

Drives headless Chromium over its DevTools protocol with the standard library alone. Prints one
line per file and ends with 1 at the first check that fails. Without Chromium it says that it was
skipped; with REQUIRE_CHROMIUM=1 that is a failure. `--shots` keeps pictures of the page in light,
dark and on a phone, and its PDF.
"""
import argparse
import base64
import json
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile

NAMES = ("chromium", "chromium-browser", "google-chrome")
DESKTOP = (1280, 900)
PHONE = (390, 844)
BYTES_MAX = 1_000_000
ANSWER_S_MAX = 60

# Before anything of the page: what a script of an attacker would do, and what the policy stopped.
WATCH = """
window.__ran = [];
for (const name of ["alert", "confirm", "prompt", "open", "fetch"])
  window[name] = () => { window.__ran.push(name); return null; };
document.addEventListener("securitypolicyviolation", (event) =>
  window.__ran.push("policy: " + event.violatedDirective + " " + event.sample));
"""

# Elements and attributes that a report never has; texts of logs must not become any of them.
FOREIGN = """
(() => {
  const found = [];
  const names = "img,iframe,object,embed,base,form,input,audio,video,source,textarea,template,math,foreignObject,animate,set,use,image";
  for (const element of document.querySelectorAll(names)) found.push("<" + element.tagName + ">");
  for (const element of document.querySelectorAll("*")) {
    for (const { name, value } of element.attributes) {
      if (/^on/i.test(name)) found.push(name);
      if (/^(src|href|xlink:href|action|formaction|srcdoc)$/i.test(name) && !/^(#|data:,)/.test(value)) found.push(name + "=" + value);
    }
  }
  const scripts = document.scripts.length;
  if (scripts !== 0 && scripts !== 3) found.push(scripts + " scripts");
  if (document.querySelectorAll("style").length !== 1) found.push("styles");
  return found.concat(window.__ran);
})()
"""

# Texts whose contrast with what is behind them is below 4.5 (3 for large ones), WCAG 2.2, 1.4.3.
FAINT = """
(() => {
  const parse = (text) => { const p = text.match(/[\\d.]+/g).map(Number); return p.length === 3 ? [...p, 1] : p; };
  const light = ([r, g, b]) => [r, g, b].map((v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; })
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const faint = new Set();
  for (const element of document.querySelectorAll("body *")) {
    const own = Array.from(element.childNodes).some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.getClientRects().length || element.closest("script,style,.unseen")) continue;
    const style = getComputedStyle(element);
    let behind = element, back = [0, 0, 0, 0];
    while (behind && back[3] < 1) { back = parse(getComputedStyle(behind).backgroundColor); behind = behind.parentElement; }
    if (back[3] < 1) back = [255, 255, 255, 1];
    const front = parse(element instanceof SVGElement ? style.fill : style.color);
    const [a, b] = [light(front), light(back)].sort((x, y) => y - x);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 600);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < (large ? 3 : 4.5)) faint.add(element.tagName + "." + element.getAttribute("class") + " " + ratio.toFixed(2));
  }
  return Array.from(faint);
})()
"""

# Canvases on which something was drawn.
DRAWN = """
Array.from(document.querySelectorAll(".plot canvas")).filter((canvas) =>
  canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value !== 0)).length
"""

# What every table and drawing needs for those who do not see it.
UNNAMED = """
(() => {
  const found = [];
  for (const head of document.querySelectorAll("th")) if (!head.scope) found.push("th without scope: " + head.textContent.slice(0, 40));
  for (const svg of document.querySelectorAll("svg")) if (!svg.getAttribute("aria-label") && svg.getAttribute("aria-hidden") !== "true") found.push("svg without a text");
  for (const canvas of document.querySelectorAll("canvas")) if (!canvas.getAttribute("aria-label")) found.push("canvas without a text");
  if (document.querySelectorAll("main").length !== 1 || document.querySelectorAll("h1").length !== 1) found.push("main or h1");
  let level = 1;
  for (const heading of document.querySelectorAll("h1,h2,h3,h4")) {
    const own = Number(heading.tagName[1]);
    if (own > level + 1) found.push("heading jumps to " + heading.textContent.slice(0, 40));
    level = own;
  }
  return found;
})()
"""


class Browser:
    """One page of a headless Chromium, spoken to over a WebSocket (RFC 6455)."""

    def __init__(self, program, folder):
        flags = ["--headless=new", "--remote-debugging-port=0", "--hide-scrollbars", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
                 "--disable-gpu", "--force-color-profile=srgb", f"--user-data-dir={folder}"]
        if os.geteuid() == 0:
            flags.append("--no-sandbox")
        self.process = subprocess.Popen([program, *flags, "about:blank"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        address = None
        for line in self.process.stderr:
            address = re.search(r"ws://127\.0\.0\.1:(\d+)(/\S+)", line)
            if address:
                break
        if not address:
            sys.exit("FAILED: Chromium did not start")
        self.socket = socket.create_connection(("127.0.0.1", int(address[1])), timeout=ANSWER_S_MAX)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(f"GET {address[2]} HTTP/1.1\r\nHost: 127.0.0.1:{address[1]}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        self.stream = self.socket.makefile("rb")
        while self.stream.readline() not in (b"\r\n", b""):
            pass
        self.events, self.last_id, self.session = [], 0, None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Page.addScriptToEvaluateOnNewDocument", source=WATCH)

    def close(self):
        self.socket.close()
        self.process.terminate()
        self.process.wait()

    def send(self, text):
        payload, mask = text.encode(), os.urandom(4)
        size = len(payload)
        head = bytes([0x81]) + (bytes([0x80 | size]) if size < 126 else bytes([0xFE]) + struct.pack(">H", size) if size < 65536
                                else bytes([0xFF]) + struct.pack(">Q", size))
        self.socket.sendall(head + mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload)))

    def message(self):
        """The next text message, put together from its frames."""
        whole = b""
        while True:
            first, second = self.stream.read(2)
            size = second & 0x7F
            if size == 126:
                size = struct.unpack(">H", self.stream.read(2))[0]
            elif size == 127:
                size = struct.unpack(">Q", self.stream.read(8))[0]
            payload = self.stream.read(size)
            if first & 0x0F in (0, 1):
                whole += payload
                if first & 0x80:
                    return json.loads(whole)

    def call(self, method, **parameters):
        self.last_id += 1
        request = {"id": self.last_id, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        self.send(json.dumps(request))
        while True:
            message = self.message()
            if message.get("id") == self.last_id:
                if "error" in message:
                    sys.exit(f"FAILED: {method}: {message['error']}")
                return message["result"]
            self.events.append(message)

    def wait(self, method):
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self.message())

    def value(self, script):
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            sys.exit(f"FAILED: {result['exceptionDetails']}")
        return result["result"].get("value")

    def settle(self):
        """Waits until what is due has been drawn."""
        self.value("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")

    def show(self, path, size, theme):
        self.events.clear()
        self.call("Emulation.setDeviceMetricsOverride", width=size[0], height=size[1], deviceScaleFactor=1, mobile=size == PHONE)
        self.call("Emulation.setEmulatedMedia", media="", features=[{"name": "prefers-color-scheme", "value": theme}])
        self.call("Page.navigate", url=path.resolve().as_uri())
        self.wait("Page.loadEventFired")
        self.settle()

    def mouse(self, kind, left, top, pressed=False):
        button = {"button": "left", "buttons": 1, "clickCount": 1} if pressed or kind != "mouseMoved" else {}
        self.call("Input.dispatchMouseEvent", type=kind, x=left, y=top, **button)

    def press(self, key):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key)
        self.settle()


def check(path, condition, what):
    if not condition:
        sys.exit(f"FAILED: {path.name}: {what}")


def check_silence(browser, path):
    """No error, no warning, no request but for the page itself."""
    for event in browser.events:
        method, what = event.get("method"), event.get("params", {})
        check(path, method != "Runtime.exceptionThrown", what)
        check(path, not (method == "Runtime.consoleAPICalled" and what["type"] in ("error", "warning", "assert")), what)
        check(path, not (method == "Log.entryAdded" and what["entry"]["level"] in ("error", "warning")), what)
        check(path, method != "Page.javascriptDialogOpening", what)
        if method == "Network.requestWillBeSent":
            address = what["request"]["url"]
            check(path, address == path.resolve().as_uri() or address.startswith("data:"), f"asks for {address}")
    foreign = browser.value(FOREIGN)
    check(path, foreign == [], f"foreign: {foreign}")


def readout(browser):
    browser.settle()
    return browser.value("(() => { const box = document.getElementById('readout'); return box && !box.hidden ? box.innerText : null; })()")


def check_charts(browser, path):
    """Every chart is drawn, is read with mouse and keys, zooms and lets go. Returns their number."""
    count = browser.value("document.querySelectorAll('.plot').length")
    if not count:
        return 0
    check(path, browser.value(DRAWN) == count, "a chart is empty")
    browser.value("document.getElementById('charts').scrollIntoView(); 1")
    box = browser.value("(() => { const r = document.querySelector('.u-over').getBoundingClientRect(); return [r.left, r.top, r.width, r.height]; })()")
    left, middle, width = box[0], box[1] + box[3] / 2, box[2]
    check(path, readout(browser) is None, "a value is read out before anybody asked")
    browser.mouse("mouseMoved", left + width * 0.6, middle)
    hovered = readout(browser)
    check(path, hovered and re.search(r"\d", hovered), "hovering shows no value")
    browser.mouse("mouseMoved", left + width * 0.2, middle)
    check(path, readout(browser) not in (None, hovered), "the value does not follow the mouse")
    browser.mouse("mouseMoved", 2, 2)
    check(path, readout(browser) is None, "the value stays when the mouse leaves")
    browser.value("document.getElementById('charts').focus({ preventScroll: true }); 1")
    seen = []
    for _ in range(3):
        browser.press("ArrowRight")
        seen.append(readout(browser).splitlines()[0])
    windows = browser.value("JSON.parse(document.getElementById('charts-data').textContent).x_s.length")
    check(path, windows < 3 or len(set(seen)) == 3, f"the arrow key does not move: {seen}")
    check(path, browser.value("document.getElementById('spoken').textContent.length") > 0, "nothing is said to a screen reader")
    browser.press("Escape")
    check(path, readout(browser) is None, "Escape does not let go")
    if windows >= 20:
        check_zoom(browser, path, left, middle, width)
    return count


def check_zoom(browser, path, left, middle, width):
    hidden = "document.getElementById('unzoom').hidden"

    def drag():
        browser.mouse("mouseMoved", left + width * 0.3, middle)
        browser.mouse("mousePressed", left + width * 0.3, middle)
        for share in (0.4, 0.5, 0.6):
            browser.mouse("mouseMoved", left + width * share, middle, pressed=True)
        browser.mouse("mouseReleased", left + width * 0.6, middle)
        browser.settle()
        check(path, not browser.value(hidden), "dragging does not zoom")

    drag()
    browser.mouse("mouseMoved", 2, 2)
    browser.press("Escape")
    check(path, browser.value(hidden), "Escape does not show the whole time again")
    drag()
    for count in (1, 2):
        for kind in ("mousePressed", "mouseReleased"):
            browser.call("Input.dispatchMouseEvent", type=kind, x=left + 9, y=middle, button="left", buttons=1, clickCount=count)
    browser.settle()
    check(path, browser.value(hidden), "a double click does not show the whole time again")


def check_look(browser, path, theme, size):
    faint = browser.value(FAINT)
    check(path, faint == [], f"too little contrast in {theme}: {faint}")
    width = browser.value("document.documentElement.scrollWidth")
    check(path, width <= size[0], f"{width} px wide on a screen of {size[0]} px")


def keep_shot(browser, shots, name, whole=True):
    if shots:
        picture = browser.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        (shots / name).write_bytes(base64.b64decode(picture["data"]))


def keep_pdf(browser, path, shots):
    pdf = base64.b64decode(browser.call("Page.printToPDF", printBackground=False, preferCSSPageSize=True, paperWidth=8.27, paperHeight=11.69)["data"])
    check(path, pdf.startswith(b"%PDF"), "no PDF")
    if shots:
        (shots / f"{path.stem}.pdf").write_bytes(pdf)


def check_file(browser, path, shots):
    check(path, path.stat().st_size < BYTES_MAX, f"{path.stat().st_size} bytes")
    charts = 0
    for theme, size in (("light", DESKTOP), ("dark", DESKTOP), ("light", PHONE)):
        name = "phone" if size == PHONE else theme
        browser.show(path, size, theme)
        check_look(browser, path, theme, size)
        unnamed = browser.value(UNNAMED)
        check(path, unnamed == [], unnamed)
        keep_shot(browser, shots, f"{path.stem}-{name}-first.png", whole=False)
        keep_shot(browser, shots, f"{path.stem}-{name}.png")
        if size == DESKTOP:
            charts = check_charts(browser, path)
        check_silence(browser, path)
    keep_pdf(browser, path, shots)
    check_silence(browser, path)
    print(f"ok: {path.name}: {charts} charts")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shots", type=pathlib.Path)
    parser.add_argument("files", type=pathlib.Path, nargs="+")
    arguments = parser.parse_args()
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not program:
        if os.environ.get("REQUIRE_CHROMIUM") == "1":
            sys.exit("FAILED: there is no Chromium")
        print("skipped: there is no Chromium")
        return
    if arguments.shots:
        arguments.shots.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = Browser(program, folder)
        try:
            for path in arguments.files:
                check_file(browser, path, arguments.shots)
        finally:
            browser.close()


if __name__ == "__main__":
    main()
