"""A web server on loopback whose answers a test writes, and one that speaks TLS with a certificate of its own."""

import contextlib
import shutil
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

Answer = Callable[[BaseHTTPRequestHandler], None]
#: The name that the certificate of the `secure_site` is for.
SECURE_NAME = "feeds.example.org"


class Site:
    """Answers by path, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        #: Status by path for HEAD, which is refused (501) for all others.
        self.heads: dict[str, int] = {}
        #: Method and path of all that was asked.
        self.methods: list[tuple[str, str]] = []
        self.address = ""
        self.port = 0
        #: Set when the test is over: what an answer waits for that never comes by itself.
        self.over = threading.Event()

    def page(self, path: str, body: bytes = b"", status: int = 200, **headers: str) -> str:
        """Answer so at this path; its address."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            request.send_response(status)
            for name, value in headers.items():
                request.send_header(name.replace("_", "-"), value)
            request.send_header("Content-Length", str(len(body)))
            request.end_headers()
            request.wfile.write(body)

        self.answers[path] = answer
        return self.address + path

    def says(self, path: str, *words: bytes) -> str:
        """Write these bytes at this path, be they HTTP or not; its address."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            for word in words:
                request.wfile.write(word)

        self.answers[path] = answer
        return self.address + path

    def at(self, host: str, path: str) -> str:
        """The address of a path by another name of this site."""
        return f"{self.address.split('://')[0]}://{host}:{self.port}{path}"


@dataclass(frozen=True, slots=True)
class Authority:
    """Certificates that nobody else trusts."""

    #: Its own certificate.
    file: Path
    #: What a server needs that is called SECURE_NAME.
    context: ssl.SSLContext


def _nothing_there(request: BaseHTTPRequestHandler) -> None:
    request.send_response(404)
    request.send_header("Content-Length", "0")
    request.end_headers()


@pytest.fixture
def site() -> Iterator[Site]:
    """A site on a free port of this machine."""
    with _served() as shown:
        yield shown


@pytest.fixture
def secure_site(authority: Authority) -> Iterator[Site]:
    """The same by https; nobody trusts its certificate unless told to."""
    with _served(authority.context) as shown:
        yield shown


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority with one certificate, made by OpenSSL."""
    if not (openssl := shutil.which("openssl")):
        pytest.skip("there is no openssl to make certificates with")
    where = tmp_path_factory.mktemp("authority")
    names = f"subjectAltName=DNS:{SECURE_NAME},IP:127.0.0.1"
    request = f"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test -addext {names}"
    files = ["-keyout", str(where / "key.pem"), "-out", str(where / "cert.pem")]
    subprocess.run([openssl, *request.split(), *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(where / "cert.pem", where / "key.pem")
    return Authority(where / "cert.pem", context)


@contextlib.contextmanager
def _served(tls: ssl.SSLContext | None = None) -> Iterator[Site]:
    shown = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            shown.methods.append(("HEAD", self.path))
            self.send_response(shown.heads.get(self.path, 501))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            shown.methods.append((self.command, self.path))
            shown.asked.append((self.path, dict(self.headers)))
            shown.answers.get(self.path, _nothing_there)(self)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *args: object) -> None:
            pass

        def handle(self) -> None:
            # The reader may have had enough and hung up, or not have liked our certificate.
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                super().handle()

        def finish(self) -> None:
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                super().finish()

    class Server(ThreadingHTTPServer):
        request_queue_size = 500

    with Server(("127.0.0.1", 0), Handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        shown.port = server.server_port
        shown.address = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield shown
        finally:
            shown.over.set()
            server.shutdown()
            thread.join()
