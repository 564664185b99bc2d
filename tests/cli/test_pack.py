"""`evidence pack` as a compliance officer runs it: releases and periods, sealed, recorded, with every form."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ledger import exitcodes
from ledger.digests import digest_bytes
from ledger.events.evidence import Pack
from reports.attached import attached_file
from tests.api.serving import plain
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
    today = datetime.now(UTC).date()
    assert page.name in {f"period-{day}-to-{today}.evidence.html" for day in (today, today - timedelta(days=1))}
    assert "7419" in page.read_text("utf-8")
    body = shop.entry(drawn["entry"]).body
    assert isinstance(body, Pack)
    assert body.period is not None
    assert body.period.from_ == 12


@pytest.mark.slow
def test_a_pack_made_again_keeps_what_the_first_was_told(shop: Shop, tmp_path: Path) -> None:
    """Drawn by an auditor's number from the first pack's PDF, a pack has its title, its files and all its settings."""
    today = datetime.now(UTC).date()
    days = (str(today - timedelta(days=20)), str(today + timedelta(days=20)))
    title = f"{days[0]} to {days[1]}"
    told = (*("--zone", "Pacific/Kiritimati", "--organisation", "Shop AS"), *("--classification", "Confidential"))
    counted = ("--changes", "7")
    plain, drawn = tmp_path / "plain", tmp_path / "drawn"
    made(shop, plain, "--from", days[0], "--to", days[1], *told, *counted, "--sample", "3", "--no-record")
    (pdf,) = plain.glob("*.pdf")
    assert pdf.name == f"period-{days[0]}-to-{days[1]}.evidence.pdf"
    made(shop, drawn, str(pdf), "--auditor-number", "7419", "--no-record")
    assert {path.name for path in drawn.iterdir()} == {path.name for path in plain.iterdir()}
    first, again = (
        json.loads(attached_file((folder / pdf.name).read_bytes(), "pack.json") or b"") for folder in (plain, drawn)
    )
    assert again["as_of"] == first["as_of"]
    assert again["bundle"] == first["bundle"]
    differing = {name for name in again["settings"] if again["settings"][name] != first["settings"].get(name)}
    assert differing <= {"generated_at", "prepared_from", "sampling"}
    assert first["settings"]["period"] == title
    assert first["settings"]["most_changes"] == 7
    assert again["settings"]["sampling"] == {"number": "7419", "size": 3}
    for folder in (plain, drawn):
        assert f"<title>Evidence pack of a period: {title}" in next(folder.glob("*.html")).read_text("utf-8")


def test_a_bundle_file_is_of_the_days_that_its_records_allow(shop: Shop, tmp_path: Path) -> None:
    """Beside a bundle its days can be named again; days on which its entries were not received are refused."""
    today = datetime.now(UTC).date()
    around = ("--from", str(today - timedelta(days=2)), "--to", str(today + timedelta(days=2)))
    made(shop, tmp_path, *around, "--format", "bundle", "--no-record")
    (bundle,) = tmp_path.iterdir()
    again = tmp_path / "again"
    made(shop, again, str(bundle), *around, "--format", "html", "--auditor-number", "1", "--no-record")
    assert [path.name for path in again.iterdir()] == [bundle.name.replace(".zip", ".html")]
    earlier = ("--from", "2020-01-01", "--to", "2020-12-31")
    said = shop.ray.evidence("pack", str(bundle), *earlier, "--out", str(tmp_path / "none"))
    assert said.status == exitcodes.ERROR
    assert "no-such-period" in said.err
    said = shop.ray.evidence("pack", str(bundle), "--in", "shop", "--out", str(tmp_path / "none"))
    assert said.status == exitcodes.USAGE


def test_the_last_day_belongs_to_the_period(shop: Shop, tmp_path: Path) -> None:
    """A period of this one day holds what was recorded on it; positions print the days that they cover."""
    today = datetime.now(UTC).date()
    yesterday = str(today - timedelta(days=1))
    made(shop, tmp_path / "day", "--from", yesterday, "--to", str(today), "--format", "html", "--no-record")
    (page,) = (tmp_path / "day").iterdir()
    assert page.name == f"period-{yesterday}-to-{today}.evidence.html"
    said = shop.ray.evidence("check", "--from", yesterday, "--to", str(today))
    assert said.out.startswith(f"period {yesterday} to {today} (positions 0 to ")
    again = made(shop, tmp_path / "told", "--from", yesterday, "--to", str(today), "--format", "html")
    port = int(shop.house.url.rpartition(":")[2])
    listed = plain(port, "GET", f"/packs/{again['pack_id']}", headers={"Accept": "text/html"}).body.decode()
    assert f"period {yesterday} to {today} (positions 0 to " in listed.replace("<wbr>", "")
    made(shop, tmp_path / "positions", "--from", "3", "--to", "9", "--format", "html", "--no-record")
    (page,) = (tmp_path / "positions").iterdir()
    text = " ".join(re.sub(r"<[^>]+>", " ", page.read_text("utf-8")).split())
    assert re.search(r"Period (\d{4}-\d\d-\d\d)(?: to \d{4}-\d\d-\d\d)? positions 3 to 9", text)


def test_what_cannot_be_recorded_is_a_pack_all_the_same(shop: Shop, tmp_path: Path) -> None:
    """Without a key of one's own the pack is made, and a note says that its making is not recorded."""
    guest = shop.house.user("guest")
    said = guest.ok("pack", RELEASE, "--out", str(tmp_path), "--format", "html")
    assert "is not recorded" in said.err
    assert "recorded in entry" not in said.out
    assert [path.suffix for path in tmp_path.iterdir()] == [".html"]


def test_a_pack_made_from_a_file_is_recorded_as_any_other(shop: Shop, tmp_path: Path) -> None:
    """Where a key and a server are given it can be looked up; without a key a note says that it is not recorded."""
    made(shop, tmp_path, RELEASE, "--format", "bundle", "--no-record")
    (bundle,) = tmp_path.iterdir()
    told = made(shop, tmp_path / "again", str(bundle), "--format", "html")
    assert isinstance(body := shop.entry(told["entry"]).body, Pack)
    assert body.pack_id == told["pack_id"]
    guest, anchor = shop.house.user("guest"), str(shop.house.folder / "ledger.pub")
    said = guest.ok("pack", str(bundle), "--anchor", anchor, "--out", str(tmp_path / "guest"), "--format", "html")
    assert "That this pack was made is not recorded" in said.err


def test_wrong_words_say_what_is_right(shop: Shop, tmp_path: Path) -> None:
    """Neither subject nor period, an unknown zone or language, a folder without a ledger: each names its mend."""
    for words, told in (
        ((), "name a release or a bundle file"),
        ((RELEASE, "--zone", "Mars/Olympus"), "unknown-zone"),
        ((RELEASE, "--language", "xx"), "unknown-language"),
        ((RELEASE, "--seal", str(tmp_path)), "no-ledger-here"),
        (("--from", "0", "--auditor-number", " "), "bad-auditor-number"),
        (("no-such.zip",), "evidence log --kind release"),
        (
            ("--from", "2026-12-31", "--to", "2026-10-01"),
            "Give the earlier day first: --from 2026-10-01 --to 2026-12-31",
        ),
        (("--from", "9000"), "The log ends before --from"),
    ):
        said = shop.ray.evidence("pack", *words, "--out", str(tmp_path / "none"))
        assert said.status in (exitcodes.ERROR, exitcodes.USAGE)
        assert told in said.err, words
        assert said.status == exitcodes.USAGE or "try: " in said.err, words
    assert not (tmp_path / "none").exists()


def test_a_period_of_two_projects_is_judged_and_recorded_in_each(shop: Shop, tmp_path: Path) -> None:
    """Each project has its own policy's verdicts and an event of the pack, with one body; a look-up finds one pack."""
    shop.house.ada.ok("project", "declare", "ops")
    shop.house.ada.ok("policy", "set", "--preset", "regulated", "--in", "ops")
    shop.ray.ok("record", "heartbeat", "--project", "ops", "--source", "watch", "--count", "1", "--interval", "1h")
    told = made(shop, tmp_path, "--from", "0", "--format", "html")
    events = [shop.entry(index) for index in told["entries"]]
    assert len({event.context.project for event in events}) == len(events) == 2
    assert isinstance(events[0].body, Pack)
    assert events[0].body == events[1].body
    (page,) = tmp_path.glob("*.html")
    digest = digest_bytes(page.read_bytes())
    traces = shop.ray.ok("trace", digest, "--json").document["traces"]
    assert {trace["steps"][0]["index"] for trace in traces if trace["steps"]} == set(told["entries"])
    port = int(shop.house.url.rpartition(":")[2])
    found = plain(port, "GET", f"/packs/{digest}", headers={"Accept": "text/html"}).body.decode()
    assert "1 recorded pack has this id" in found
    assert f"entries {', '.join(map(str, told['entries']))}, one in each project" in found
    said = shop.ray.evidence("check", "--from", "0", "--json").document
    assert said["policy"] is None
    assert len({part["policy"] for part in said["parts"]}) == 2
    assert {verdict["subject"] for verdict in said["verdicts"]} >= {part["subject"] for part in said["parts"]}
    assert "startup judges period 0-" in shop.ray.evidence("check", "--from", "0").out
    assert len(set(shop.ray.ok("measures", "--from", "0", "--json").document["policies"].values())) == 2
    refused = shop.ray.evidence("policy", "try", "pci", "--from", "0")
    assert refused.status == exitcodes.ERROR
    assert "several-policies" in refused.err
