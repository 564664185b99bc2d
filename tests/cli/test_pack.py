"""`evidence pack` as a compliance officer runs it: releases and periods, sealed, recorded, with every form."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from ledger import exitcodes
from ledger.digests import digest_bytes
from ledger.events.evidence import Pack
from tests.cli.shop import open_shop, release

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.shop import Shop

RELEASE = "shop@1.0"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop with one released change."""
    root = tmp_path_factory.mktemp("shop")
    with open_shop(root) as found:
        found.house.ada.ok("policy", "set", "--preset", "startup")
        release(found, root)
        yield found


def made(shop: Shop, out: Path, *words: str) -> Any:  # noqa: ANN401 -- JSON
    """What the command says of a pack made by Ray."""
    return shop.ray.ok("pack", "--out", str(out), "--json", *words).document


@pytest.mark.slow
def test_a_sealed_pack_verifies_and_can_be_looked_up(shop: Shop, tmp_path: Path) -> None:
    """The sealed PDF verifies as records and pages; the recorded event holds the digest of every file beside it."""
    told = made(shop, tmp_path, RELEASE, "--seal", str(shop.house.folder))
    names = sorted(path.name for path in tmp_path.iterdir())
    stem = "shop-1.0"
    assert names == sorted(
        [
            *(f"{stem}.evidence.{ending}" for ending in ("pdf", "html", "zip", "dsse.json")),
            *(f"{stem}.registers.{ending}" for ending in ("xlsx", "csv.zip")),
            f"{stem}.assessment-results.json",
            "verify.html",
        ]
    )
    verified = shop.ray.ok("verify", str(tmp_path / f"{stem}.evidence.pdf"), "--json").document
    assert verified["records"] == "intact"
    assert verified["printed_pages"] == "sealed"
    body = shop.entry(told["entry"]).body
    assert isinstance(body, Pack)
    assert (body.pack_id, body.sealed_by) == (told["pack_id"], told["sealed_by"])
    assert body.bundle == digest_bytes((tmp_path / f"{stem}.evidence.zip").read_bytes())
    assert {item.name: item.sha256 for item in body.files} == {
        name: digest_bytes((tmp_path / name).read_bytes()) for name in names if not name.endswith((".zip", ".json"))
    } | {
        name: digest_bytes((tmp_path / name).read_bytes())
        for name in (f"{stem}.registers.csv.zip", f"{stem}.assessment-results.json")
    }
    envelope = (tmp_path / f"{stem}.evidence.dsse.json").read_bytes()
    statement = json.loads(base64.b64decode(json.loads(envelope)["payload"]))
    assert statement["predicate"]["pack_id"] == told["pack_id"]


@pytest.mark.slow
def test_a_flipped_page_is_refused(shop: Shop, tmp_path: Path) -> None:
    """A byte changed outside the bundle leaves the records intact and the printed pages refused."""
    made(shop, tmp_path, RELEASE, "--seal", str(shop.house.folder), "--format", "pdf", "--no-record")
    (pdf,) = tmp_path.iterdir()
    data = bytearray(pdf.read_bytes())
    # The last byte of the header's comment, which belongs to no object: only a signature over the whole file sees it.
    data[12] ^= 1
    pdf.write_bytes(data)
    said = shop.ray.evidence("verify", str(pdf), "--json")
    assert said.status == exitcodes.NEGATIVE
    assert said.document["records"] == "intact"
    assert said.document["printed_pages"] != "sealed"


@pytest.mark.slow
def test_a_period_with_a_sample_and_a_baseline(shop: Shop, tmp_path: Path) -> None:
    """A period is a pack under its own name; what draws the sample and what it is compared with make another id."""
    plain = made(shop, tmp_path / "plain", "--from", "0", "--format", "html", "--no-record")
    asked = ("--from", "12", "--baseline-from", "0", "--sample", "1", "--auditor-number", "7419")
    drawn = made(shop, tmp_path / "drawn", *asked, "--format", "html")
    assert plain["pack_id"] != drawn["pack_id"]
    (page,) = (path for path in (tmp_path / "drawn").iterdir() if path.suffix == ".html")
    assert page.name.startswith("period-12-")
    assert "7419" in page.read_text("utf-8")
    body = shop.entry(drawn["entry"]).body
    assert isinstance(body, Pack)
    assert body.period is not None
    assert body.period.from_ == 12


def test_what_cannot_be_recorded_is_a_pack_all_the_same(shop: Shop, tmp_path: Path) -> None:
    """Without a key of one's own the pack is made, and a note says that its making is not recorded."""
    guest = shop.house.user("guest")
    said = guest.ok("pack", RELEASE, "--out", str(tmp_path), "--format", "html")
    assert "is not recorded" in said.err
    assert "recorded in entry" not in said.out
    assert [path.suffix for path in tmp_path.iterdir()] == [".html"]


def test_wrong_words_say_what_is_right(shop: Shop, tmp_path: Path) -> None:
    """Neither subject nor period, an unknown zone or language, a folder without a ledger: each names its mend."""
    for words, told in (
        ((), "name a release or a bundle file"),
        ((RELEASE, "--zone", "Mars/Olympus"), "unknown-zone"),
        ((RELEASE, "--language", "xx"), "unknown-language"),
        ((RELEASE, "--seal", str(tmp_path)), "no-ledger-here"),
        (("--from", "0", "--auditor-number", " "), "bad-auditor-number"),
    ):
        said = shop.ray.evidence("pack", *words, "--out", str(tmp_path / "none"))
        assert said.status in (exitcodes.ERROR, exitcodes.USAGE)
        assert told in said.err, words
    assert not (tmp_path / "none").exists()
