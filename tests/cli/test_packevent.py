"""What is told of a pack is signed by whoever made it, and its copies are found by their digests."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
import pytest

from ledger import exitcodes
from ledger.cli import packing
from ledger.cli.options import client_options, signing_options
from ledger.cli.session import open_session
from ledger.digests import digest_bytes
from ledger.envelope import open_envelope
from ledger.errors import AuthorityError, FormatError, LedgerError
from ledger.events.evidence import Pack, PackFile, Span
from ledger.events.statement import Event, read_payload
from ledger.packevent import Made, MadeFile, PackOf, pack_body
from tests.api.serving import plain
from tests.cli.running import _environment
from tests.cli.shop import clone, only, open_shop, within

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ledger.cli.session import Session
    from ledger.parcel import Parcel
    from ledger.receipt import Receipt
    from tests.cli.running import User
    from tests.cli.shop import Shop

FILES = (
    MadeFile("shop-1.0.evidence.pdf", "application/pdf", b"pages"),
    MadeFile("shop-1.0.evidence.html", "text/html", b"<p>"),
)
MADE = Made(digest_bytes(b"id"), "2026-03-02T10:00:00.000Z", 4, digest_bytes(b"certificate"))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop."""
    with open_shop(tmp_path_factory.mktemp("shop")) as found:
        yield found


@contextmanager
def session_of(user: User) -> Iterator[Session]:
    """The session that a command of the user has."""
    user.home.mkdir(parents=True, exist_ok=True)

    @click.command()
    @signing_options
    @client_options
    @click.pass_context
    def command(ctx: click.Context) -> None:
        del ctx

    with _environment({"HOME": str(user.home)}), command.make_context("evidence", []) as ctx:
        command.invoke(ctx)
        with open_session(ctx) as session:
            yield session


def tell_pack(session: Session, body: Pack, subject: PackOf) -> tuple[Parcel, Receipt]:
    """The one event of a pack, and its receipt; what the server refuses is raised."""
    ((parcel, answer),) = packing.tell_pack(session, body, (subject,))
    if isinstance(answer, LedgerError):
        raise answer
    return parcel, answer


def test_people_and_services_tell_of_packs(shop: Shop) -> None:
    """The event holds the digests, is about its release or a period, and is in the log as it was saved."""
    of_period = PackOf(shop.project, period=(1, 4))
    for user in (shop.ray, shop.ci):
        with session_of(user) as session:
            body = pack_body(FILES, b"bundle", of_period, MADE)
            parcel, receipt = tell_pack(session, body, of_period)
        told = shop.entry(receipt.leaf.index)
        assert told.body == Pack(
            MADE.as_of,
            digest_bytes(b"bundle"),
            tuple(PackFile(item.media_type, item.name, digest_bytes(item.data), len(item.data)) for item in FILES),
            MADE.pack_id,
            4,
            Span(1, 4),
            None,
            MADE.certificate,
        )
        saved = read_payload(open_envelope(parcel.envelope.data).payload)
        assert saved == told
        assert receipt.leaf.envelope == parcel.envelope.digest
        assert "shop-1.0.evidence.pdf" in shop.ray.ok("show", str(receipt.leaf.index)).out
        for asked, part in ((digest_bytes(b"pages"), f"file {FILES[0].name}"), (MADE.pack_id, "pack id")):
            found = shop.ray.ok("trace", asked, "--json").document["traces"][-1]
            told_words = f"{part} of a pack of a period, positions 1 to 4; entry {receipt.leaf.index}, number EP-"
            assert found["found"].startswith(told_words)
            assert found["found"].endswith(MADE.pack_id)
            step = found["steps"][0]
            assert (step["kind"], step["index"]) == ("pack", receipt.leaf.index)
            assert step["name"] in {"Ray Reviewer", "Pipeline"}


def test_a_period_lists_the_packs_that_share_its_positions(shop: Shop) -> None:
    """A pack of part of the positions is listed with its own; one that only borders on them is not."""
    of = PackOf(shop.project, period=(2, 4))
    with session_of(shop.ray) as session:
        told = Made(digest_bytes(b"of two"), MADE.as_of, 4, None)
        tell_pack(session, pack_body(FILES, b"two", of, told), of)
    port = int(shop.house.url.rpartition(":")[2])

    def page(first: int, end: int) -> str:
        found = plain(port, "GET", f"/periods?first={first}&end={end}", headers={"Accept": "text/html"})
        return found.body.decode().replace("<wbr>", "")

    number = f"EP-{told.pack_id[7:27]}"
    for first, end in ((0, 5), (2, 4), (3, 5)):
        assert number in page(first, end)
        assert "(positions 2 to 4)" in page(first, end)
    for first, end in ((0, 2), (4, 5)):
        assert number not in page(first, end)


def test_a_pack_of_a_release_is_about_it(shop: Shop, tmp_path: Path) -> None:
    """It names the release event, and the release's trace ends with it."""
    repo = clone(tmp_path / "clone")
    words = ("--product", "shop", "--version", "1.0", "--first", "--commit", "main", "--repository", "1", "--json")
    told = only(within(shop.ci, repo).ok("record", "release", *words))
    release = shop.entry(told["index"])
    subject = PackOf(str(release.context.project), told["envelope"], "shop@1.0")
    with session_of(shop.ray) as session:
        body = pack_body(FILES, b"bundle", subject, MADE)
        _, receipt = tell_pack(session, body, subject)
    assert shop.entry(receipt.leaf.index).context.about.release == "shop@1.0"
    steps = shop.ray.ok("trace", "shop@1.0", "--json").document["traces"][0]["steps"]
    assert (steps[-1]["kind"], steps[-1]["index"]) == ("pack", receipt.leaf.index)
    for asked in (body.pack_id, body.bundle):
        first, *others = shop.ray.ok("trace", asked, "--json").document["traces"][-2:]
        assert [step["index"] for step in first["steps"]] == [receipt.leaf.index]
        assert [trace["release"] for trace in others] == ["shop@1.0"]


def test_an_unknown_digest_is_not_said_to_be_altered(shop: Shop) -> None:
    """No pack with it is recorded: that may be the file, or that nobody recorded it."""
    said = shop.ray.evidence("trace", "sha256:" + "0" * 64)
    assert said.status == exitcodes.ERROR
    assert "never recorded, or the file differs from what was recorded" in said.err


def test_an_agent_tells_of_no_pack(shop: Shop) -> None:
    """The server refuses it."""
    subject = PackOf(shop.project, period=(1, 4))
    with session_of(shop.quill) as session, pytest.raises(AuthorityError) as caught:
        tell_pack(session, pack_body(FILES, b"", subject, MADE), subject)
    assert caught.value.slug == "kind-not-allowed"


def test_parts_that_disagree_are_refused_before_they_are_signed(shop: Shop) -> None:
    """A name that is no token, and a pack of nothing."""
    with pytest.raises(FormatError):
        pack_body([MadeFile("my pack.pdf", "application/pdf", b"")], b"", PackOf(shop.project, period=(1, 4)), MADE)
    nothing = PackOf(shop.project)
    with session_of(shop.ray) as session, pytest.raises(FormatError) as caught:
        tell_pack(session, pack_body(FILES, b"", nothing, MADE), nothing)
    assert caught.value.slug == "bad-pack-event"
    assert isinstance(shop.entry(1), Event)
