"""Under a path of an HTTP proxy: nginx, and jupyter-server-proxy. The configurations are those of docs/network.md."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import pytest

from tests.browser.chromium import Chromium
from tests.browser.server import Server
from tests.browser.view import View

from .conftest import Need

PREFIX = "/some/prefix/"
NAME = "proxy.test"
NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder};
    proxy_temp_path {folder};
    fastcgi_temp_path {folder};
    uwsgi_temp_path {folder};
    scgi_temp_path {folder};
    map $http_upgrade $connection_upgrade {{ default upgrade; "" close; }}
    server {{
        listen 127.0.0.1:{port} ssl;
        server_name {name};
        ssl_certificate {folder}/cert.pem;
        ssl_certificate_key {folder}/key.pem;
        location {prefix} {{
            proxy_pass http://127.0.0.1:{server_port}/;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            proxy_buffering off;
            proxy_read_timeout 1h;
        }}
    }}
}}
"""
JUPYTER_TOKEN = "a-token-of-the-notebook"
BASE = "/user/ann/"
TRANSPORTS = ("webrtc", "websocket")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until_answers(url: str, process: subprocess.Popen[bytes], timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while True:
        assert process.poll() is None, "the proxy ended"
        try:
            httpx.get(url, verify=False)
            return
        except httpx.TransportError:
            assert time.monotonic() < deadline, f"{url} does not answer"
            time.sleep(0.1)


def end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    process.wait(10)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def serve(stack: ExitStack, *options: str) -> Server:
    server = Server("serve", "synthetic:cell", *options, program=[sys.executable, "-m", "tests.doubles.server"])
    stack.callback(server.end)
    return server


def browse(stack: ExitStack, program: str) -> Chromium:
    flags = [f"--host-resolver-rules=MAP {NAME} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
    return stack.enter_context(closing(Chromium(program, [*flags, "--ignore-certificate-errors"])))


def test_nginx(stack: ExitStack, chromium_program: str, need: Need, tmp_path: Path) -> None:
    nginx, openssl = need("nginx", "nginx-light"), need("openssl", "openssl")
    server = serve(stack, "--allow-host", NAME)
    server_port, port = int(server.address.rpartition(":")[2].strip("/")), free_port()
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-subj", f"/CN={NAME}", "-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem")),
        ],
        check=True,
        capture_output=True,
    )
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(
        NGINX.format(folder=tmp_path, port=port, server_port=server_port, prefix=PREFIX, name=NAME), encoding="utf-8"
    )
    proxy = subprocess.Popen([nginx, "-p", str(tmp_path), "-c", str(configuration)], stderr=subprocess.DEVNULL)
    stack.callback(end, proxy)
    path = f"https://{NAME}:{port}{PREFIX}"
    until_answers(f"https://127.0.0.1:{port}/", proxy)
    browser = browse(stack, chromium_program)
    for transport in TRANSPORTS:
        check(browser, path, f"?transport={transport}#{server.url.partition('#')[2]}")


def test_a_proxy_whose_name_is_not_allowed_is_told_so(stack: ExitStack) -> None:
    server = serve(stack)
    answer = httpx.get(server.address, headers={"host": NAME})
    assert answer.status_code == 403
    assert f"this server is not called '{NAME}'; allow the name with --allow-host" in answer.json()["message"]


def test_jupyter_server_proxy(stack: ExitStack, chromium_program: str, tmp_path: Path) -> None:
    if importlib.util.find_spec("jupyter_server_proxy") is None:
        pytest.skip("jupyter-server-proxy is not there (pip install hosta[test])")
    port = free_port()
    server = serve(stack)
    server_port = int(server.address.rpartition(":")[2].strip("/"))
    folders = {name: str(tmp_path) for name in ("HOME", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR")}
    notebook = subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", f"--ServerApp.port={port}"),
            *("--ServerApp.ip=127.0.0.1", f"--ServerApp.base_url={BASE}", f"--ServerApp.root_dir={tmp_path}"),
            f"--IdentityProvider.token={JUPYTER_TOKEN}",
            "--ServerApp.jpserver_extensions={'jupyter_server_proxy': True, 'jupyter_server_terminals': False}",
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=stack.enter_context((tmp_path / "log").open("wb")),
        env={**os.environ, **folders},
    )
    stack.callback(end, notebook)
    until_answers(f"http://127.0.0.1:{port}{BASE}api", notebook)
    browser = browse(stack, chromium_program)
    path = f"http://127.0.0.1:{port}{BASE}proxy/{server_port}/"
    for transport in TRANSPORTS:
        check(browser, path, f"?token={JUPYTER_TOKEN}&transport={transport}#{server.url.partition('#')[2]}")


def check(browser: Chromium, path: str, rest: str) -> None:
    """The picture lives, an event goes and comes back, and nothing was asked for outside of the path."""
    with closing(browser.page(f"{path}{rest}", 320, 284)) as page:
        view = View(page)
        view.wait_for_picture(20.0)
        page.until("probe.view().state === 'connected'", 10.0)
        view.patch("camera", "view_angle", value=100)
        page.until("probe.view().stats.frame?.sequence > 0", 10.0)
        asked = page.js("performance.getEntriesByType('resource').map((entry) => entry.name)")
        assert len(asked) >= 4  # scripts, style, configuration, signalling
        assert [url for url in asked if not url.startswith(path)] == []
        assert page.problems == []
