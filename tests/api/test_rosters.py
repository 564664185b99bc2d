"""The roster as JSON: merges, scopes of roles and custody of keys, at a position."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from api.rosters import roster_value
from ledger.canonical import encode
from ledger.events.roster import CertificateEnd, CertificateEnrol, KeyEnrol, PrincipalMerge, PrincipalSplit, RoleGrant
from ledger.keys import SigningKey, sign
from ledger.roster.acts import key_preimage
from ledger.sealkeys import certificate_id
from tests.later_kinds import SEAL_KEYS
from tests.world import World, seed


def principal(world: World, identifier: str, position: int) -> Any:  # noqa: ANN401 -- JSON
    """What the roster at a position says of a principal."""
    value: Any = roster_value(world.roster, position)
    return next(item for item in value["principals"] if item["id"] == identifier)


def test_merges_are_shown_with_the_person_at_the_position() -> None:
    """Merged at one position, one of its own again at a later one, with the history in both."""
    world = World()
    dee, dana = world.person("Dee"), world.person("Dana")
    merged = world.act(PrincipalMerge(dana.principal, dee.principal))
    world.act(PrincipalSplit(dee.principal))
    end = len(world.entries)
    at = [principal(world, dee.principal, position)["person"] for position in (end - 2, end - 1, end)]
    assert at == [dee.principal, dana.principal, dee.principal]
    assert principal(world, dee.principal, end)["merges"] == [
        {"envelope": merged.envelope, "into": dana.principal, "since": merged.index + 1, "until": end}
    ]
    assert principal(world, dana.principal, end)["merges"] == []


def test_scopes_and_custody_are_shown() -> None:
    """A grant has its paths and risk classes, a key its custody; what has none has no such member."""
    world = World()
    dana = world.person("Dana", "approver")
    world.act(RoleGrant(dana.principal, "security", None, ("src/**",), ("high",)))
    key = SigningKey(seed("on a token"))
    proof = sign(key, key_preimage(world.ledger, dana.principal, key.public))
    world.act(KeyEnrol(key.public, dana.principal, proof, custody="hardware"))
    value: Any = roster_value(world.roster, len(world.entries))
    plain, scoped = (item for item in value["grants"] if item["principal"] == dana.principal)
    assert "paths" not in plain
    assert "risks" not in plain
    assert (scoped["paths"], scoped["risks"]) == (("src/**",), ("high",))
    assert sorted(str(item.get("custody")) for item in value["keys"]) == ["None", "None", "hardware"]
    assert encode(value)


def test_certificates_are_told_with_their_lives() -> None:
    """Each that was ever enrolled, whether it is in force at the position, and why it ended."""
    world = World()
    kept, gone = SEAL_KEYS["P-256"], SEAL_KEYS["RSA"]
    for key in (kept, gone):
        world.act(CertificateEnrol(key, "packs"))
    world.act(CertificateEnd(certificate_id(gone), "expired"))
    value: Any = roster_value(world.roster, len(world.entries))
    told = {item["id"]: item for item in value["certificates"]}
    assert told[certificate_id(kept)] == {
        "id": certificate_id(kept),
        "in_force": True,
        "key": b64encode(kept).decode(),
        "since": 2,
    }
    ended = told[certificate_id(gone)]
    assert (ended["in_force"], ended["reason"], ended["since"], ended["until"]) == (False, "expired", 3, 4)
