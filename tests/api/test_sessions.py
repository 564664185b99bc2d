"""Sessions: what a cookie stands for, for how long, and what a form's key is worth."""

from __future__ import annotations

import pytest

from api.pages import sessions
from api.pages.sessions import MOST, Sessions
from ledger.digests import digest_bytes

TOKEN = digest_bytes(b"a token")


def opened(held: Sessions, cookie: str) -> str:
    """The session id in a Set-Cookie value, as a browser sends it back."""
    identifier = held.identifier("other=1; " + cookie.partition(";")[0] + "; last=2")
    assert identifier is not None
    return identifier


def test_a_cookie_leads_to_its_token_until_it_ends() -> None:
    """A session is found by its cookie, another's is not, and after its end the cookie is forgotten."""
    held = Sessions(secure=False)
    identifier = opened(held, held.begin(TOKEN))
    assert held.token(identifier) == TOKEN
    assert held.token("0" * 64) is None
    assert held.token(None) is None
    assert "Max-Age=0" in held.end(identifier)
    assert held.token(identifier) is None


@pytest.mark.parametrize("secure", [False, True])
def test_where_others_reach_the_server_the_cookie_is_for_tls_alone(*, secure: bool) -> None:
    """The cookie is strict and hidden from scripts everywhere, and secure under a host prefix where it must be."""
    cookie = Sessions(secure=secure).begin(TOKEN)
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert ("Secure" in cookie.split("; ")) == secure
    assert cookie.startswith("__Host-evidence=") == secure
    assert TOKEN[7:] not in cookie


@pytest.mark.parametrize("cookies", ["", "evidence=", "evidence=zz", "evidence=" + "A" * 64, "evil=" + "a" * 64, ";;="])
def test_other_cookies_are_no_session(cookies: str) -> None:
    """What is not of the form is nobody's session."""
    assert Sessions(secure=False).identifier(cookies) is None


def test_old_sessions_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session ends by its age, and the oldest where there are too many."""
    held = Sessions(secure=False)
    first = opened(held, held.begin(TOKEN))
    later = [opened(held, held.begin(TOKEN)) for _ in range(MOST)]
    assert held.token(first) is None
    assert {held.token(one) for one in later} == {TOKEN}
    monkeypatch.setattr(sessions, "SECONDS", -1)
    assert held.token(opened(held, held.begin(TOKEN))) is None


def test_a_form_key_is_of_one_session_and_one_process() -> None:
    """The key of one session fits no other, none fits in another process, and rubbish fits nowhere."""
    held, other = Sessions(secure=False), Sessions(secure=False)
    one, two = (opened(held, held.begin(TOKEN)) for _ in range(2))
    assert held.fits(held.form_key(one), one)
    assert held.fits(held.form_key(None), None)
    assert not held.fits(held.form_key(one), two)
    assert not held.fits(held.form_key(None), one)
    assert not other.fits(held.form_key(one), one)
    assert not held.fits("", one)
    assert not held.fits("\udc80é", one)
