"""A pack that the server printed is told of in its ledger, signed with a key that is enrolled for nothing else."""

from __future__ import annotations

import os
import re
import time
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from ledger.digests import digest_bytes
from ledger.events.evidence import Pack
from ledger.keyfile import write_key_file
from tests.api.serving import plain
from tests.cli.shop import open_shop, release

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE_SECONDS = 300


@pytest.mark.slow
def test_what_a_page_printed_can_be_looked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ordered on the page of a release, the PDF is sealed, recorded under its digest, and found by it."""
    key = tmp_path / "packs.key"
    write_key_file(key, os.urandom(32))
    monkeypatch.setenv("EVIDENCE_LEDGER_PACK_KEY", str(key))
    with open_shop(tmp_path / "shop") as shop:
        shop.house.ada.ok("policy", "set", "--preset", "startup")
        limits = ("--kind", "pack", "--in", "shop")
        shop.house.ada.ok("key", "enrol", "--from-key", str(key), "--principal", "Pipeline", *limits)
        release(shop, tmp_path)
        port = int(shop.house.url.rpartition(":")[2])
        page = plain(port, "GET", "/releases/shop@1.0", headers={"Accept": "text/html"}).body.decode()
        inside = page[page.index('action="/prints"') :].partition("</form>")[0]
        form = {name: unescape(value) for name, value in re.findall(r'name="([^"]*)" value="([^"]*)"', inside)}
        typed = {"Content-Type": "application/x-www-form-urlencoded"}
        place = plain(port, "POST", "/prints", urlencode(form).encode(), typed).headers["location"]
        until = time.monotonic() + PATIENCE_SECONDS
        while "Download shop-1.0.evidence.pdf" not in (
            told := plain(port, "GET", place).body.decode().replace("<wbr>", "")
        ):
            assert time.monotonic() < until, told
            time.sleep(0.5)
        pdf = plain(port, "GET", f"{place}/pdf").body
        found = re.search(r"entry (\d+)", told)
        assert found is not None
        body = shop.entry(int(found[1])).body
        assert isinstance(body, Pack)
        assert [item.sha256 for item in body.files] == [digest_bytes(pdf)]
        assert body.sealed_by is not None
        looked_up = plain(port, "GET", f"/packs/{digest_bytes(pdf)[7:]}", headers={"Accept": "text/html"})
        assert looked_up.status == 200
        assert "Pipeline" in looked_up.body.decode()
