"""Wrong values of options and arguments: the error names the option, says the value, and shows the right form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ledger import exitcodes
from ledger.cli.given import given
from ledger.cli.output import report_error
from ledger.errors import ChainError, FormatError
from tests.cli.shop import Shop, open_shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
SHORT = "sha256:abc"
WRONG = {
    "trace --at": (("trace", "--service", "web", "--at", "yesterday"), "bad-time", "--at", "yesterday"),
    "trace --since": (("trace", "--service", "web", "--since", "6"), "bad-span", "--since", "6"),
    "heartbeat --since": (
        ("record", "heartbeat", "--source", "ci", "--count", "1", "--since", "2026-11-21"),
        *("bad-time", "--since", "2026-11-21"),
    ),
    "incident --started-at": (
        ("record", "incident", "INC-W", "--severity", "low", "--started-at", "2026-13-01T00:00:00Z"),
        *("bad-time", "--started-at", "2026-13-01T00:00:00Z"),
    ),
    "deploy --release": (
        ("record", "deploy", "--environment", "p", "--service", "web", "--release", SHORT),
        *("bad-digest", "--release", SHORT),
    ),
    "show": (("show", SHORT), "bad-digest", "EVENT", SHORT),
    "show, no number": (("show", "the last"), "bad-text", "EVENT", "the last"),
    "init": (("init", "acme", "--origin", "a b", "--admin", "A <a@b.c>"), "bad-text", "--origin", "a b"),
    "trace": (("trace", SHORT), "bad-digest", "DIGEST", SHORT),
    "role grant": (("role", "grant", "Ray", "Reviewer"), "bad-text", "ROLE", "Reviewer"),
    "role grant --risk": (("role", "grant", "Ray", "reviewer", "--risk", "HIGH"), "bad-text", "--risk", "HIGH"),
    "key end --reason": (("key", "end", "sha256:0", "--reason", "Left us"), "bad-text", "--reason", "Left us"),
    "project declare --start": (("project", "declare", "p", "--start", "main"), "bad-text", "--start", "main"),
    "policy try --from": (("policy", "try", "startup", "--from", "May"), "bad-time", "--from", "May"),
    "measures --baseline-to": (
        ("measures", "--from", "0", "--baseline-from", "0", "--baseline-to", "1 May"),
        *("bad-time", "--baseline-to", "1 May"),
    ),
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A served ledger with somebody to ask it."""
    with open_shop(tmp_path_factory.mktemp("shop")) as found:
        yield found


@pytest.mark.parametrize("name", list(WRONG))
def test_a_wrong_value_is_told_with_its_option(shop: Shop, name: str) -> None:
    """Option, value and an example are in what a person reads and in what a program reads."""
    words, slug, option, value = WRONG[name]
    said = shop.ray.evidence(*words)
    assert (said.status, said.out) == (exitcodes.ERROR, "")
    assert f"error: at {option}: " in said.err
    assert f"  value: {value}\n" in said.err
    assert f"try: Write {option} so: " in said.err
    problem = shop.ray.evidence(*words, "--json").problem
    assert (problem["slug"], problem["where"], problem["details"]["value"]) == (slug, option, value)


def test_what_the_server_refuses_is_told_with_its_option(shop: Shop) -> None:
    """A filter of another form names the option and its value, not a parameter of the interface."""
    said = shop.ray.evidence("log", "--commit", "HEAD")
    assert said.status == exitcodes.ERROR
    assert "error: at --commit: " in said.err
    assert "  value: HEAD\n" in said.err
    assert "try: " in said.err


USAGE = {
    "log --kind": (("log", "--kind", "aproval"), "--kind 'aproval' is none of genesis, "),
    "heartbeat --interval": (
        ("record", "heartbeat", "--source", "ci", "--count", "1", "--interval", "1w"),
        "--interval '1w' is not a number and s, m, h or d",
    ),
    "check of a missing file": (("check", "gone.evidence.zip"), "there is no file 'gone.evidence.zip'"),
    "check of a folder": (("check", "."), "there is no file '.'"),
    "check --as-of": (("check", "1", "--as-of", "May"), "Invalid value for '--as-of': 'May' is no time such as "),
    "verify of a folder": (("verify", ".", "--anchor", "x"), "File '.' is a directory"),
    "verify of nothing": (("verify", "none.zip", "--anchor", "x"), "File 'none.zip' does not exist"),
}


@pytest.mark.parametrize("name", list(USAGE))
def test_wrong_usage_says_what_was_given(shop: Shop, name: str) -> None:
    """Exit status 2, one paragraph with the value, and where the help is."""
    words, sentence = USAGE[name]
    said = shop.ray.evidence(*words)
    assert (said.status, said.out) == (exitcodes.USAGE, "")
    assert sentence in said.err
    assert "Traceback" not in said.err
    assert "\ntry: evidence " in said.err


WITHOUT = {
    "no server": (("status", "--server", "http://127.0.0.1:9"), exitcodes.UNREACHABLE, "unreachable"),
    "no ledger there": (("fsck", "."), exitcodes.ERROR, "no-ledger-here"),
    "no such entry": (("show", "999999"), exitcodes.ERROR, "no-such-entry"),
    "no such change": (("check", "999999"), exitcodes.ERROR, "no-such-change"),
    "no such project": (("log", "--project", "nowhere"), exitcodes.ERROR, "unknown-project"),
    "no such person": (("log", "--who", "Nobody"), exitcodes.ERROR, "unknown-principal"),
    "no such incident": (("trace", "--incident", "INC-0"), exitcodes.ERROR, "not-recorded"),
    "no anchor's file": (("status", "--anchor", "none.pub"), exitcodes.ERROR, "no-anchor"),
    "no bundle": (("check", __file__), exitcodes.ERROR, "not-a-bundle"),
    "no people in it": (("people", "import", __file__), exitcodes.ERROR, "bad-people-file"),
}


@pytest.mark.parametrize("name", list(WITHOUT))
def test_what_is_not_there_says_what_to_do(shop: Shop, name: str) -> None:
    """An exit status as documented, the slug, and a line that says what to do."""
    words, status, slug = WITHOUT[name]
    said = shop.ray.evidence(*words)
    assert said.status == status
    assert f"[{slug}]" in said.err
    assert "\ntry: " in said.err
    assert "Traceback" not in said.err


def test_blanks_around_an_anchor_do_no_harm(shop: Shop, tmp_path: Path) -> None:
    """A line end of another system in ledger.pub is no other ledger, to any command."""
    (tmp_path / "ledger.pub").write_bytes(b" " + shop.anchor.strip().encode() + b"\r\n")
    assert shop.ray.evidence("status", "--anchor", str(tmp_path / "ledger.pub")).status == exitcodes.DONE


def test_a_value_is_told_safely() -> None:
    """What would steer a terminal is escaped, and what is long is cut."""
    with pytest.raises(FormatError) as refused, given("--at", "\x1b[2J" + "x" * 999, "now"):
        raise FormatError("bad-time", "not a time", details={"found": 1})
    assert str(refused.value.details["value"]).startswith("\\x1b[2Jxxx")
    assert len(str(refused.value.details["value"])) <= 256
    assert refused.value.details["found"] == 1


def test_a_server_of_another_ledger_is_told_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever named the wrong ledger.pub reads which two things belong together."""
    report_error(ChainError("other-origin", "the checkpoint is of another log"), json=False)
    assert "try: Server and ledger.pub are of different ledgers" in capsys.readouterr().err
