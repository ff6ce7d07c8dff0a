"""Real servers from Debian's packages, on 127.0.0.1, each in a folder of its own."""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

# installing the AT Protocol's network takes minutes: a job of its own, not a test that is skipped
collect_ignore = [] if os.environ.get("VALUETALK_ATPROTO") == "1" else ["test_atproto_server.py"]

HERE = Path(__file__).parent
WORDPRESS = Path("/usr/share/wordpress")
START_SECONDS = 300
"""Databases and servers start in seconds, and in minutes beside other work on two cores."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_until_listening(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(START_SECONDS * 10):
        assert process.poll() is None, "the server ended before it listened"
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    pytest.fail("the server does not listen")


@dataclass(frozen=True)
class WordPressSite:
    """A running site with 12 posts and 34 comments of invented text."""

    url: str
    root: Path
    requests_log: Path

    def act(self, action: str) -> dict[str, int]:
        """Let PHP seed or change the site; returns what the site counts."""
        done = subprocess.run(
            ["php", str(HERE / "wordpress" / "seed.php"), str(self.root), action],
            env=os.environ | {"SITE_URL": self.url},
            check=True,
            capture_output=True,
        )
        counts: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
        return counts

    def close_api(self) -> None:
        """Keep guests from the REST API, as security plugins do."""
        plugins = self.root / "wp-content" / "mu-plugins"
        plugins.mkdir(parents=True, exist_ok=True)
        (plugins / "closed.php").write_text(_CLOSED)

    def open_api(self) -> None:
        """Let guests ask the REST API again."""
        (self.root / "wp-content" / "mu-plugins" / "closed.php").unlink()

    def n_requests(self) -> int:
        """How many requests the site has answered, by its own log."""
        return self.requests_log.read_text(errors="replace").count(" Accepted")


@pytest.fixture
def wordpress(tmp_path: Path) -> Iterator[WordPressSite]:
    missing = [name for name in ("php", "mariadbd", "mariadb-install-db") if not shutil.which(name)]
    if missing or not WORDPRESS.is_dir():
        pytest.skip("no WordPress with MariaDB and PHP here: install Debian's packages")
    database = _start_mariadb(tmp_path)
    try:
        yield from _serve_wordpress(tmp_path)
    finally:
        database.terminate()
        database.wait(timeout=START_SECONDS)


def _start_mariadb(folder: Path) -> subprocess.Popen[bytes]:
    data = folder / "mysql"
    subprocess.run(
        [
            "mariadb-install-db",
            "--no-defaults",
            f"--datadir={data}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--user=root",
        ],
        check=True,
        capture_output=True,
    )
    server = subprocess.Popen(
        [
            "mariadbd",
            "--no-defaults",
            f"--datadir={data}",
            f"--socket={folder / 'mysql.sock'}",
            "--skip-networking",
            "--user=root",
            "--innodb-flush-log-at-trx-commit=0",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    client = ["mariadb", "--no-defaults", "-u", "root", f"--socket={folder / 'mysql.sock'}"]
    for _ in range(START_SECONDS * 10):
        made = subprocess.run(
            [*client, "-e", "CREATE DATABASE wp"], check=False, capture_output=True
        )
        if made.returncode == 0:
            return server
        time.sleep(0.1)
    server.kill()
    pytest.fail("MariaDB does not start")


def _serve_wordpress(folder: Path) -> Iterator[WordPressSite]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    root = folder / "site"
    # Debian keeps wp-config and parts of wp-content behind links: copy what they point to
    shutil.copytree(WORDPRESS, root, symlinks=False, ignore_dangling_symlinks=True)
    (root / "wp-config.php").unlink(missing_ok=True)
    (root / "wp-config.php").write_text(_CONFIG.format(socket=folder / "mysql.sock", url=url))
    log = folder / "php.log"
    with log.open("wb") as output:
        php = subprocess.Popen(
            ["php", "-S", f"127.0.0.1:{port}", "-t", str(root), str(HERE / "wordpress/router.php")],
            env=os.environ | {"PHP_CLI_SERVER_WORKERS": "4"},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_until_listening(port, php)
        _install(url)
        site = WordPressSite(url=url, root=root, requests_log=log)
        assert site.act("seed") == {"posts": 12, "comments": 34}
        yield site
    finally:
        os.killpg(php.pid, 15)
        php.wait(timeout=START_SECONDS)


def _install(url: str) -> None:
    form = {
        "weblog_title": "Invented blog",
        "user_name": "editor",
        "admin_password": "not-a-secret-1",
        "admin_password2": "not-a-secret-1",
        "pw_weak": "1",
        "admin_email": "editor@example.org",
        "blog_public": "1",
    }
    body = urllib.parse.urlencode(form).encode()
    address = f"{url}/wp-admin/install.php?step=2"
    with urllib.request.urlopen(address, body, timeout=START_SECONDS) as answer:
        assert b"Success" in answer.read() or answer.status == 200


_CONFIG = """<?php
define('DB_NAME', 'wp');
define('DB_USER', 'root');
define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:{socket}');
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('DISABLE_WP_CRON', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
define('WP_HOME', '{url}');
define('WP_SITEURL', '{url}');
$table_prefix = 'wp_';
if (!defined('ABSPATH')) {{ define('ABSPATH', __DIR__ . '/'); }}
require_once ABSPATH . 'wp-settings.php';
"""
_CLOSED = """<?php
add_filter('rest_authentication_errors', function () {
    return new WP_Error('rest_not_logged_in', 'Closed.', ['status' => 401]);
});
"""
