"""Who is let in: loopback without tokens, tokens with scopes, and no other address without them."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from api.access import RELOAD_SECONDS, scope_needed
from api.settings import load_settings
from ledger.errors import AuthorityError, FormatError, NotFoundError
from ledger.tokens import new_token, read_tokens, revoke_token, write_tokens
from tests.api.serving import add_tokens, found_ledger, plain, serving, start
from tests.world import World, seed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.api.serving import Plain, Served

SCOPES = {"sender": ("ingest",), "reader": ("read",), "all": ("contents", "ingest", "read")}


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A founded ledger directory without tokens."""
    folder = tmp_path_factory.mktemp("access")
    found_ledger(folder, World())
    return folder


@pytest.fixture(scope="module")
def texts(ledger: Path) -> dict[str, str]:
    """Tokens of the guarded server; one of them has expired."""
    made = add_tokens(ledger, **SCOPES)
    text, token = new_token(
        seed("old"), "old", ("read",), now=datetime.now(UTC) - timedelta(days=2), lifetime=timedelta(days=1)
    )
    path = ledger / "tokens.json"
    path.write_bytes(write_tokens((*read_tokens(path.read_bytes()), token)))
    return {**made, "old": text}


@pytest.fixture(scope="module")
def guarded(ledger: Path, texts: dict[str, str]) -> Iterator[Served]:
    """A server with tokens."""
    with serving(ledger) as running:
        yield running


def ask(served: Served, method: str, path: str, token: str | None) -> Plain:
    """A request with a token."""
    headers = {"Content-Type": "application/json"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return plain(served.port, method, path, b"{}" if method == "POST" else None, headers)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "ledger.example.com"])  # noqa: S104 -- refused
def test_other_address_without_tokens_is_refused(tmp_path: Path, host: str) -> None:
    """A server that others could reach does not start without tokens, nor with ended ones only."""
    (tmp_path / "ledger.toml").write_text("")
    with pytest.raises(AuthorityError) as caught:
        load_settings(tmp_path, host=host)
    assert caught.value.slug == "tokens-required"
    add_tokens(tmp_path, ci=("read",))
    assert load_settings(tmp_path, host=host).ledger.host == host
    path = tmp_path / "tokens.json"
    path.write_bytes(write_tokens(revoke_token(read_tokens(path.read_bytes()), "ci", now=datetime.now(UTC))))
    with pytest.raises(AuthorityError):
        load_settings(tmp_path, host=host)
    path.write_bytes(b"rubbish")
    with pytest.raises(FormatError):
        load_settings(tmp_path, host=host)


def test_refusal_to_start_is_told(tmp_path: Path) -> None:
    """The process ends before it listens, and says what to do."""
    found_ledger(tmp_path, World())
    with pytest.raises(RuntimeError, match="evidence token create"):
        start(tmp_path, arguments=["--host", "0.0.0.0"])  # noqa: S104 -- refused


def test_no_ledger_is_told(tmp_path: Path) -> None:
    """A directory that holds no ledger is named as such."""
    with pytest.raises(NotFoundError):
        load_settings(tmp_path)


def test_token_is_wanted(guarded: Served) -> None:
    """Without a token, with a wrong one or with an expired one nothing is told but health and version."""
    for path in ("/v1/ledger", "/v1/events", "/checkpoint", "/tile/0/000.p/1", "/nowhere", "/v1/contents/x"):
        answer = ask(guarded, "GET", path, None)
        assert answer.status == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"
        assert ask(guarded, "GET", path, "el_pat_" + "0" * 49).status == 401
    for path in ("/livez", "/readyz", "/version", "/openapi.json"):
        assert ask(guarded, "GET", path, None).status == 200


def test_expired_token_is_refused(guarded: Served, texts: dict[str, str]) -> None:
    """A token past its end opens nothing."""
    answer = ask(guarded, "GET", "/v1/ledger", texts["old"])
    assert answer.status == 401
    assert b"token-expired" in answer.body


def test_scopes_are_kept_apart(guarded: Served, texts: dict[str, str]) -> None:
    """Each scope opens its own routes: refused is 403, let in is anything else."""
    wanted = {
        ("POST", "/v1/events"): {"sender", "all"},
        ("POST", "/v1/events:batch"): {"sender", "all"},
        ("POST", "/v1/contents"): {"sender", "all"},
        ("GET", "/v1/events"): {"reader", "all"},
        ("GET", "/v1/roster"): {"reader", "all"},
        ("GET", "/checkpoint"): {"reader", "all"},
        ("GET", "/v1/contents/sha256:" + "0" * 64): {"all"},
        ("GET", "/v1/bundles/period?from=0&to=1"): {"all"},
    }
    for (method, path), let_in in wanted.items():
        for name in SCOPES:
            assert (ask(guarded, method, path, texts[name]).status != 403) == (name in let_in), (path, name)


def test_scheme_of_the_header_matters(guarded: Served, texts: dict[str, str]) -> None:
    """A token in another scheme, twice, or in the address is no token."""
    for headers in ({"Authorization": f"Basic {texts['reader']}"}, {"Authorization": texts["reader"]}, {}):
        path = f"/v1/ledger?access_token={texts['reader']}"
        assert plain(guarded.port, "GET", path, headers=headers).status == 401


def test_revoking_takes_effect_without_restart(guarded: Served, ledger: Path, texts: dict[str, str]) -> None:
    """A revoked token is refused once the list is read again, and a list that goes away opens nothing."""
    path = ledger / "tokens.json"
    whole = path.read_bytes()
    path.write_bytes(write_tokens(revoke_token(read_tokens(whole), "all", now=datetime.now(UTC))))
    wait = RELOAD_SECONDS * 1.2
    time.sleep(wait)
    assert ask(guarded, "GET", "/v1/ledger", texts["all"]).status == 401
    assert ask(guarded, "GET", "/v1/ledger", texts["reader"]).status == 200
    path.rename(path.with_suffix(".away"))
    time.sleep(wait)
    assert ask(guarded, "GET", "/v1/ledger", None).status == 401
    path.with_suffix(".away").rename(path)
    os.utime(path)
    time.sleep(wait)
    assert ask(guarded, "GET", "/v1/ledger", texts["reader"]).status == 200


def test_every_route_has_a_scope() -> None:
    """Only health, version and the description of the interface are open; an unknown address is not."""
    opened = {"/livez", "/readyz", "/version", "/openapi.json"}
    for path in ("/", "/v1", "/v1/events", "/checkpoint", "/tile/0/000", "/v1/unknown", "/livez/", "//livez"):
        assert scope_needed("GET", path) is not None
    for path in opened:
        assert scope_needed("GET", path) is None
    assert scope_needed("POST", "/v1/contents") == "ingest"
    assert scope_needed("GET", "/v1/contents/x") == "contents"
