"""What tests ask for: fresh databases on SQLite and on a real PostgreSQL, and a real Chromium."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

# A deadline would be a timing assertion, and these machines are shared.
settings.register_profile("evidence", deadline=None, print_blob=True)
settings.load_profile("evidence")

START_SECONDS = 60
"""How long a database server may take to start before the suite gives up."""

# Durability against loss of power is not what the suite tests, and a killed process loses nothing without it.
SERVER_OPTIONS = (
    "listen_addresses=",
    "max_connections=200",
    "dynamic_shared_memory_type=mmap",
    "fsync=off",
    "full_page_writes=off",
    "log_min_messages=fatal",
)

CHROMIUM_OPTIONS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
)


@dataclass(frozen=True, slots=True)
class PostgresqlServer:
    """A running PostgreSQL server of this test process."""

    folder: Path
    """Where its socket is; the path is short because sockets allow 107 bytes."""

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of one database."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def administer(self, statement: str) -> None:
        """Nothing; one statement ran outside a transaction, as CREATE DATABASE needs."""
        import psycopg

        with psycopg.connect(host=str(self.folder), user="postgres", dbname="postgres", autocommit=True) as connection:
            connection.execute(statement.encode())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks by what a test asks for, so that no test can forget one."""
    for item in items:
        names = getattr(item, "fixturenames", ())
        if "postgresql_server" in names:
            item.add_marker(pytest.mark.postgres)
        if "chromium" in names:
            item.add_marker(pytest.mark.browser)


def _postgresql_programs() -> Path:
    """The folder with `initdb` and `postgres`, the newest version first; fails the test when there is none."""
    installed = sorted(
        (path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")),
        key=lambda folder: int(folder.parent.name),
        reverse=True,
    )
    on_path = shutil.which("initdb")
    if on_path is not None:
        installed.append(Path(on_path).parent)
    if not installed:
        # Never a skip: a suite that has not seen PostgreSQL must not look as if it had.
        pytest.fail("no PostgreSQL programs found; run script/setup --tests, or deselect with -m 'not postgres'")
    return installed[0]


def _unprivileged() -> pwd.struct_passwd | None:
    """The account that the server runs as when the suite runs as root, which PostgreSQL refuses; else None."""
    if os.geteuid() != 0:
        return None
    accounts = {entry.pw_name: entry for entry in pwd.getpwall()}
    return accounts.get("postgres", accounts["nobody"])


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    """A PostgreSQL server of its own for each test process, with its data in a temporary folder."""
    programs = _postgresql_programs()
    account = _unprivileged()
    user, group = (None, None) if account is None else (account.pw_uid, account.pw_gid)
    groups = None if account is None else ()
    folder = Path(tempfile.mkdtemp(prefix="evidence-pg-", dir="/tmp"))
    if account is not None:
        os.chown(folder, account.pw_uid, account.pw_gid)
    data = folder / "data"
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC", "HOME": str(folder)}
    server: subprocess.Popen[bytes] | None = None
    try:
        subprocess.run(
            [programs / "initdb", "--pgdata", data, "--username=postgres", "--auth=trust", "--encoding=UTF8", "-N"],
            check=True,
            cwd=folder,
            env=environment,
            user=user,
            group=group,
            extra_groups=groups,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        # The server ends with the test process even if that is killed.
        tied = ["setpriv", "--pdeathsig", "INT", "--"] if shutil.which("setpriv") else []
        options = [part for option in SERVER_OPTIONS for part in ("-c", option)]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [*tied, programs / "postgres", "-D", data, "-k", folder, *options],
                cwd=folder,
                env=environment,
                user=user,
                group=group,
                extra_groups=groups,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        running = PostgresqlServer(folder)
        _await(running, server)
        yield running
    finally:
        if server is not None:
            server.send_signal(signal.SIGINT)
            server.wait()
        shutil.rmtree(folder)


def _await(running: PostgresqlServer, server: subprocess.Popen[bytes]) -> None:
    """Nothing, once the server answers; fails with the server's own words when it does not."""
    import psycopg

    for _ in range(START_SECONDS * 20):
        try:
            running.administer("SELECT 1")
        except psycopg.OperationalError:
            if server.poll() is not None:
                break
            time.sleep(0.05)
        else:
            return
    pytest.fail("PostgreSQL did not start: " + (running.folder / "log").read_text(errors="replace"))


@pytest.fixture
def postgresql_url(postgresql_server: PostgresqlServer) -> Iterator[str]:
    """The SQLAlchemy URL of a fresh, empty PostgreSQL database, dropped after the test."""
    name = f"test_{uuid4().hex}"
    postgresql_server.administer(f"CREATE DATABASE {name}")
    yield postgresql_server.url(name)
    postgresql_server.administer(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The SQLAlchemy URL of a SQLite database file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture(
    params=[
        pytest.param("sqlite_url", id="sqlite"),
        pytest.param("postgresql_url", id="postgresql", marks=pytest.mark.postgres),
    ]
)
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh database, once on SQLite and once on PostgreSQL."""
    url: str = request.getfixturevalue(request.param)
    return url


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A headless Chromium of the system, which sends nothing of its own to anyone."""
    from playwright.sync_api import sync_playwright

    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.fail("no Chromium found; run script/setup --tests, or deselect with -m 'not browser'")
    # Chromium's sandbox refuses to run as root; pages of this suite are our own.
    options = [*CHROMIUM_OPTIONS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=options)
        yield browser
        browser.close()
