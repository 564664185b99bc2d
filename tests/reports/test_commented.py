"""A comment in review on a forge decides nothing, and a pack says so."""

from __future__ import annotations

from tests.reports.plain import plain
from tests.reports.release_story import found
from tests.reports.test_release import document_of


def test_a_comment_on_the_forge_is_printed_as_no_decision() -> None:
    """The pack of a change on which somebody only commented is made; it calls that neither approval nor rejection."""
    company = found()
    world, ci = company.world, company.ci
    change = world.diff("payments", "31", company["Marta"], ci, {"a.py": "1"})
    world.forge_approval("payments", change, company["Haruka"], company.collector, decision="abstain")
    landed = world.merge("payments", change, company["Marta"], ci)
    release = world.release("payments", "4.13.0", [landed], company["Marta"], ci)
    text = plain(document_of(world, release).document)
    assert "abstained" in text
    assert "Abstains" in text
    assert "The forge shows: neither approved nor rejected" in text
    assert "I reject this content" not in text
    assert "I reviewed exactly this content and reject it." not in text
