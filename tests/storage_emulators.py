"""Object stores on loopback for `tests/object-storage.py`: what is installed, started and stood in for.

- moto server (PyPI) for S3: enforces `If-None-Match: *`.
- azurite (npm) for Azure Blob Storage: enforces `If-None-Match: *`, and checks signatures.
- For Google Cloud Storage there is no emulator that honours `x-goog-if-generation-match`. `google_stand_in`
  is a stand-in of our own: it translates that header for moto. It shows that firedrill sends the right
  condition and obeys the answer, not that Google does.
- `Proxy`: between firedrill and a store, it loses answers after the store did what it was asked.
- `Refusing`: answers everything as a store does that refuses.
"""
import base64
import hashlib
import hmac
import http.client
import http.server
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "firedrill" / "emulators"
# moto wants to see that somebody signed, and does not check the signature.
SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/s3/aws4_request, "
                           "SignedHeaders=host, Signature=0"}
# The account that every azurite has; it is no secret.
AZURE_ACCOUNT = "devstoreaccount1"
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def python_packages():
    """The Python of an environment with moto, deltalake and duckdb; None when they cannot be had."""
    python = CACHE / "venv" / "bin" / "python"
    check = [str(python), "-c", "import moto.server, deltalake, duckdb, pyarrow"]
    if python.exists() and subprocess.run(check, capture_output=True).returncode == 0:
        return python
    CACHE.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-m", "venv", str(CACHE / "venv")], capture_output=True)
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", "moto[server]", "deltalake", "duckdb", "pyarrow"],
                   capture_output=True)
    return python if subprocess.run(check, capture_output=True).returncode == 0 else None


def azurite_program():
    """Where `azurite-blob` is; None when it cannot be had."""
    found = shutil.which("azurite-blob")
    program = CACHE / "npm" / "node_modules" / ".bin" / "azurite-blob"
    if found or program.exists():
        return pathlib.Path(found or program)
    if shutil.which("npm") is None:
        return None
    (CACHE / "npm").mkdir(parents=True, exist_ok=True)
    subprocess.run(["npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", str(CACHE / "npm"), "azurite"],
                   capture_output=True)
    return program if program.exists() else None


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(port, process, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args[0]} ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"{process.args[0]} does not listen")


class Server:
    """A process that is ended with the block."""

    def __init__(self, command, port, log):
        self.log = open(log, "wb")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
        self.port = port
        wait_for(port, self.process)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def moto(python, folder):
    port = free_port()
    command = [str(python), "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    return Server(command, port, folder / "moto.log")


def azurite(program, folder):
    port = free_port()
    (folder / "azurite").mkdir(exist_ok=True)
    command = [str(program), "--silent", "--skipApiVersionCheck", "--disableTelemetry", "--location",
               str(folder / "azurite"), "--blobHost", "127.0.0.1", "--blobPort", str(port)]
    return Server(command, port, folder / "azurite.log")


def send(port, method, path, body=b"", headers=None):
    """One request; its status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def azure_send(port, method, path, body=b"", headers=None, key=AZURE_KEY):
    """One request to azurite, signed with a shared key."""
    url = urllib.parse.urlsplit(path)
    headers = dict(headers or {})
    headers["x-ms-date"] = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
    headers["x-ms-version"] = "2021-12-02"
    own = sorted((name.lower(), value) for name, value in headers.items() if name.lower().startswith("x-ms-"))
    resource = f"/{AZURE_ACCOUNT}/{AZURE_ACCOUNT}{url.path}"
    resource += "".join(f"\n{name}:{value}" for name, value in sorted(urllib.parse.parse_qsl(url.query)))
    lines = [method, "", "", str(len(body) or ""), "", headers.get("Content-Type", ""), "", "", "",
             headers.get("If-None-Match", ""), "", ""]
    signed = "\n".join(lines + [f"{name}:{value}" for name, value in own] + [resource])
    digest = hmac.new(base64.b64decode(key), signed.encode(), hashlib.sha256).digest()
    headers["Authorization"] = f"SharedKey {AZURE_ACCOUNT}:{base64.b64encode(digest).decode()}"
    return send(port, method, f"/{AZURE_ACCOUNT}{path}", body, headers)


class Handler(http.server.BaseHTTPRequestHandler):
    """One request of any method, to `self.server.answer(handler, body)`."""

    protocol_version = "HTTP/1.1"

    def any_method(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.answer(self, body)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = any_method

    def log_message(self, *_):
        pass

    def reply(self, status, headers, body):
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                self.send_header(name, value)
        # A HEAD says how long the body would be.
        length = dict((name.lower(), value) for name, value in headers).get("content-length")
        self.send_header("Content-Length", length if self.command == "HEAD" and length else str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class LoopbackServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, answer):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


def forward(port, handler, body, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        sent = {name: value for name, value in (headers or handler.headers).items()}
        connection.request(handler.command, handler.path, body, sent)
        answer = connection.getresponse()
        return answer.status, answer.getheaders(), answer.read()
    finally:
        connection.close()


class Proxy(LoopbackServer):
    """Hands requests on to `port`, counts them, and loses the answers of conditional puts: the store did what
    it was asked, and nobody hears of it. A lost answer is a closed connection or a 503."""

    def __init__(self, port, lost_share=0.0, seed=7, delay_s=0.0):
        self.random = random.Random(seed)
        self.lost = 0
        self.counts = {}
        self.bytes_out = 0
        self.lock = threading.Lock()

        def answer(handler, body):
            with self.lock:
                kind = handler.command
                if kind == "GET" and ("list-type" in handler.path or "comp=list" in handler.path):
                    kind = "LIST"
                self.counts[kind] = self.counts.get(kind, 0) + 1
                is_conditional = handler.command == "PUT" and handler.headers.get("If-None-Match")
                draw = self.random.random() if is_conditional else 1.0
                self.lost += draw < lost_share
            if delay_s:
                time.sleep(delay_s)
            status, headers, content = forward(port, handler, body)
            with self.lock:
                self.bytes_out += len(content)
            if draw < lost_share / 2:
                handler.close_connection = True
                handler.connection.shutdown(socket.SHUT_RDWR)
            elif draw < lost_share:
                handler.reply(503, [], b"<Error><Code>InternalError</Code></Error>")
            else:
                handler.reply(status, headers, content)

        super().__init__(answer)


def google_stand_in(port):
    """Google's conditions in front of a store that has Amazon's."""

    def answer(handler, body):
        headers = dict(handler.headers.items())
        condition = headers.pop("x-goog-if-generation-match", None)
        if condition == "0":
            headers["If-None-Match"] = "*"
        headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
        status, answered, content = forward(port, handler, body, headers | SIGNED)
        answered = [*answered, ("x-goog-generation", "1")]
        handler.reply(status, answered, content)

    return LoopbackServer(answer)


def refusing(status, code, only_puts=False, port=None, more=""):
    """A store that refuses everything, or every put, with one answer."""
    content = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>no</Message>{more}" \
              f"<StringToSign>TOPSECRET</StringToSign></Error>".encode()

    def answer(handler, body):
        if only_puts and handler.command not in ("PUT", "POST"):
            handler.reply(*forward(port, handler, body))
        else:
            handler.reply(status, [("Content-Type", "application/xml")], content)

    return LoopbackServer(answer)
