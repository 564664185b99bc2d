"""Acts about one principal: made known, linked, merged, split, disabled, by one administrator and by two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.cli.peopleaccounts import format_account, key_of, parse_account
from ledger.documents import Account
from ledger.errors import FormatError
from tests.cli.running import User, house

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.running import House

BO = "Bo Tanaka <bo@acme.example>"


def principals(user: User) -> dict[str, Any]:
    """What `people list` says, by name."""
    return {item["name"]: item for item in user.ok("people", "list", "--json", "--all").document["principals"]}


def slug(user: User, *words: str) -> str:
    """The slug by which the command is refused."""
    said = user.evidence(*words, "--json")
    assert said.status != 0
    return str(said.problem["slug"])


def test_somebody_is_made_known_and_linked(alone: House) -> None:
    """An account goes beside those that are there; one that is there, or another's, is refused."""
    ada = alone.ada
    ada.ok("people", "add", "Lin Wu", "lin@acme.example")
    ada.ok("people", "add", "Quill", "--type", "agent", "--responsible", "Lin Wu")
    ada.ok("people", "link", "Lin Wu", "lin@laptop.example", "git:linbox")
    ada.ok("people", "link", "Lin Wu", "GitHub.com:583231", "--login", "lin")
    lin = principals(ada)["Lin Wu"]
    assert lin["accounts"] == [
        {"mail": "lin@acme.example", "system": "git"},
        {"mail": "lin@laptop.example", "system": "git"},
        {"mail": "linbox", "system": "git"},
        {"id": "583231", "login": "lin", "system": "github.com"},
    ]
    assert principals(ada)["Quill"]["responsible"] == lin["principal"]
    assert slug(ada, "people", "link", "Lin Wu", "LIN@acme.example") == "account-linked"
    assert slug(ada, "people", "link", "Ada", "lin@acme.example") == "account-shared"
    assert slug(ada, "people", "add", "Lin Two", "lin@acme.example") == "account-shared"
    ada.ok("people", "unlink", "Lin Wu", "lin@laptop.example")
    assert slug(ada, "people", "unlink", "Lin Wu", "lin@laptop.example") == "unknown-account"
    assert "lin@laptop.example" not in str(principals(ada)["Lin Wu"]["accounts"])
    ada.ok("people", "link", "Ada", "lin@laptop.example")


@pytest.mark.parametrize("text", ["octocat", "@octocat", "github.com:octocat", "gitlab.example:ada.lindqvist"])
def test_a_login_alone_is_refused(alone: House, text: str) -> None:
    """What a forge may give to somebody else tells nobody apart; the refusal says how to find the id."""
    said = alone.ada.evidence("people", "link", "Ada", text, "--json")
    assert said.problem["slug"] == "login-alone"
    assert "gh api users/LOGIN --jq .id" in said.problem["remedy"]


def test_a_verified_identity_is_kept_beside_the_accounts(alone: House) -> None:
    """It stands on the card, survives a link and an import, and two cards with one identity are one person."""
    ada = alone.ada
    ada.ok("people", "add", "Mo Ali", "mo@acme.example")
    ada.ok("people", "add", "Mohamed Ali")
    told = ("--issuer", "https://id.acme.example", "--subject", "00u1")
    ada.ok("people", "identity", "Mo Ali", *told)
    ada.ok("people", "link", "Mo Ali", "mo@laptop.example")
    shown = ada.ok("people", "unlink", "Mo Ali", "mo@laptop.example").out
    assert "no longer: git mo@laptop.example" in shown
    assert "identity: 00u1 at https://id.acme.example" in shown
    expected = {"issuer": "https://id.acme.example", "subject": "00u1"}
    assert principals(ada)["Mo Ali"]["identity"] == expected
    assert slug(ada, "people", "identity", "Mo Ali", *told) == "identity-known"
    said = ada.evidence("people", "identity", "Mohamed Ali", *told, "--json")
    assert said.problem["slug"] == "identity-shared"
    ada.ok(*said.problem["remedy"].split()[1:])
    merged = principals(ada)["Mohamed Ali"]
    assert merged["person"] == principals(ada)["Mo Ali"]["principal"]
    ada.ok("people", "identity", "Mohamed Ali", *told)
    ada.ok("people", "add", "Tool", "--type", "service")
    assert slug(ada, "people", "identity", "Tool", *told) == "not-a-person"
    assert slug(ada, "people", "identity", "Ada", "--issuer", "\x1b[2J", "--subject", "x") == "bad-identity"


def test_two_become_one_and_two_again(alone: House) -> None:
    """A name of both means the one that stands for them; a split and a second merge are kept as history."""
    ada = alone.ada
    ada.ok("people", "add", "Kim Two", "kim@a.example")
    ada.ok("people", "add", "Kim One", "kim@b.example")
    two, one = (principals(ada)[name]["principal"] for name in ("Kim Two", "Kim One"))
    assert slug(ada, "people", "split", "Kim One") == "not-merged"
    assert slug(ada, "people", "disable", "Kim") == "ambiguous-name"
    said = ada.ok("people", "merge", "kim@a.example", "--into", "kim@b.example").out
    assert "Take Kim Two" in said
    assert slug(ada, "people", "merge", two, "--into", one) == "already-merged"
    assert slug(ada, "people", "merge", one, "--into", two) == "already-merged"
    found = principals(ada)["Kim Two"]
    assert found["person"] == one
    assert [item["into"] for item in found["merges"]] == [one]
    ada.ok("people", "link", "Kim", "kim@c.example")
    assert "kim@c.example" in str(principals(ada)["Kim One"]["accounts"])
    ada.ok("people", "split", "Kim")
    assert principals(ada)["Kim Two"]["person"] == two
    ada.ok("people", "merge", "Kim Two", "--into", "Kim One")
    history = principals(ada)["Kim Two"]["merges"]
    assert [item["until"] is None for item in history] == [False, True]
    ada.ok("people", "add", "Robot", "--type", "agent", "--responsible", "Ada")
    assert slug(ada, "people", "merge", "Robot", "--into", "Ada") == "not-one-type"


def test_whoever_leaves_leaves_as_a_whole(alone: House) -> None:
    """Disabling ends every principal of the person, and names who has nobody to answer for them any more."""
    ada = alone.ada
    ada.ok("people", "add", "Noor A", "noor@a.example")
    ada.ok("people", "add", "Noor B", "noor@b.example")
    ada.ok("people", "add", "Noorbot", "--type", "agent", "--responsible", "Noor A")
    ada.ok("people", "merge", "Noor B", "--into", "Noor A")
    said = ada.ok("people", "disable", "noor@b.example")
    assert "Noorbot has nobody else who answers for it" in said.err
    assert not any(principals(ada)[name]["in_force"] for name in ("Noor A", "Noor B"))
    assert slug(ada, "people", "link", "Noor A", "noor@c.example") == "unknown-principal"
    assert slug(ada, "people", "disable", "Ada") == "too-few-administrators"


def test_two_administrators_describe_and_merge(tmp_path: Path) -> None:
    """Each act waits for the second; a second card does not leave out what a waiting one adds."""
    with house(tmp_path, admins=("Ada Lindqvist <ada@acme.example>", BO), required=2) as found:
        ada = found.ada
        approve = ("acts", "approve", "--all", "--yes", "--key", "bo-tanaka")
        ada.ok("people", "add", "Lin Wu", "lin@acme.example")
        ada.ok("people", "add", "Lin Two", "lin@b.example")
        ada.ok(*approve)
        said = ada.ok("people", "link", "Lin Wu", "lin@laptop.example", "--json").document["acts"]
        assert [act["state"] for act in said] == ["waiting"]
        assert slug(ada, "people", "link", "Lin Wu", "lin@other.example") == "description-waits"
        waiting = ada.ok("acts", "pending").out
        assert "account: git lin@acme.example\n" in waiting
        assert "account: git lin@laptop.example (new)" in waiting
        ada.ok(*approve)
        ada.ok("people", "link", "Lin Wu", "lin@other.example")
        ada.ok("people", "merge", "Lin Two", "--into", "Lin Wu")
        assert "for one from now on" in ada.ok("acts", "pending").out
        ada.ok(*approve)
        lin = principals(ada)["Lin Wu"]
        assert len(lin["accounts"]) == 3
        assert principals(ada)["Lin Two"]["person"] == lin["principal"]
        # Leaving takes one administrator.
        ada.ok("people", "disable", "Lin Wu")
        assert not principals(ada)["Lin Two"]["in_force"]


_ACCOUNTS = st.one_of(
    st.text(min_size=1, max_size=20).map(lambda text: Account("git", mail=text)),
    st.tuples(st.sampled_from(["github.com", "gitlab.acme.example", "git"]), st.text(min_size=1, max_size=12)).map(
        lambda item: Account(item[0], id=item[1])
    ),
)


@given(_ACCOUNTS)
def test_what_is_offered_to_be_typed_means_the_same_account(account: Account) -> None:
    """An account is written so that it reads back as the same one, or not at all."""
    if account.system == "git" and account.mail is None:
        return
    text = format_account(account)
    if text is not None:
        assert key_of(parse_account(text)) == key_of(account)


@given(st.text(max_size=40))
def test_any_text_is_an_account_or_refused(text: str) -> None:
    """Whatever is typed, an account or a FormatError comes out."""
    try:
        found = parse_account(text)
    except FormatError:
        return
    assert (found.mail is None) != (found.id is None)
