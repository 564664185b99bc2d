"""Wrong values of options and arguments: the error names the option, says the value, and shows the right form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ledger import exitcodes
from ledger.cli.given import given
from ledger.errors import FormatError
from tests.cli.shop import Shop, open_shop

if TYPE_CHECKING:
    from collections.abc import Iterator
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


def test_a_value_is_told_safely() -> None:
    """What would steer a terminal is escaped, and what is long is cut."""
    with pytest.raises(FormatError) as refused, given("--at", "\x1b[2J" + "x" * 999, "now"):
        raise FormatError("bad-time", "not a time", details={"found": 1})
    assert str(refused.value.details["value"]).startswith("\\x1b[2Jxxx")
    assert len(str(refused.value.details["value"])) <= 256
    assert refused.value.details["found"] == 1
