"""`evidence trace` takes what the search box of the pages takes, from anywhere, and says so where it cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ledger import exitcodes
from ledger.events.evidence import Pack
from ledger.events.work import Diff
from tests.api.serving import plain
from tests.capture.conftest import Sandbox
from tests.cli.shop import open_shop, release, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.shop import Shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop with one released change, 7, of which a pack was made."""
    root = tmp_path_factory.mktemp("shop")
    with open_shop(root) as found:
        found.house.ada.ok("policy", "set", "--preset", "startup")
        release(found, root)
        found.ray.ok("pack", "shop@1.0", "--format", "html", "--out", str(root / "pack"))
        yield found


def last(shop: Shop, kind: str) -> int:
    """The index of the last entry of a kind."""
    listed = shop.ray.ok("log", "--kind", kind, "--json").document["entries"]
    return max(int(item["leaf"]["index"]) for item in listed)


def test_a_shortened_commit_is_found_outside_its_clone(shop: Shop) -> None:
    """As packs print it, or by its first digits, it leads to its change where no clone knows it."""
    body = shop.entry(last(shop, "diff")).body
    assert isinstance(body, Diff)
    for asked in (body.head[:12], body.head[:7], body.head):
        traces = shop.ray.ok("trace", asked, "--json").document["traces"]
        assert {trace["change"] for trace in traces} == {"7"}, asked


def test_whatever_the_page_takes_leads_somewhere(shop: Shop) -> None:
    """A change as traces print it, a pack's number, the beginning of a person's id, an envelope, a stack trace."""
    pack, diff = last(shop, "pack"), last(shop, "diff")
    body = shop.entry(pack).body
    assert isinstance(body, Pack)
    assert shop.ray.ok("trace", "#7", "--json").document["traces"][0]["change"] == "7"
    numbered = shop.ray.ok("trace", f"EP-{body.pack_id[7:27]}", "--json").document["traces"]
    assert [step["index"] for step in numbered[0]["steps"]] == [pack]
    step = next(
        step for step in shop.ray.ok("trace", "7", "--json").document["traces"][0]["steps"] if step["index"] == diff
    )
    assert shop.ray.ok("trace", step["envelope"], "--json").document["traces"][0]["change"] == "7"
    someone = next(
        step["who"]
        for step in shop.ray.ok("trace", "7", "--json").document["traces"][0]["steps"]
        if step["kind"] == "approval"
    )
    assert "change 7: entry" in shop.ray.ok("trace", someone[:10]).out


def test_a_stack_trace_is_read_in_a_clone(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The line of it that the clone has leads to the change that wrote it, wherever the file lay when it ran."""
    repo = next(path for path in shop.house.folder.parent.rglob("repo") if (path / ".git").is_dir())
    pasted = 'Traceback (most recent call last):\n  File "/usr/lib/x.py", line 3\n  at /srv/app/a.txt:1'
    traces = within(shop.ray, Sandbox(repo, "sha1")).ok("trace", pasted, "--json").document["traces"]
    assert {trace["change"] for trace in traces} == {"7"}


def test_a_file_that_is_not_there_is_named(shop: Shop) -> None:
    """With what to do about it."""
    repo = next(path for path in shop.house.folder.parent.rglob("repo") if (path / ".git").is_dir())
    for asked in ("src/none.py:3", "a.txt:99"):
        said = within(shop.ray, Sandbox(repo, "sha1")).evidence("trace", asked)
        assert asked.partition(":")[0] in said.err
        assert "try: Check the " in said.err


@pytest.mark.parametrize("asked", ["asdf qwer", "INC-999", "src/none.py", "EP-" + "0" * 20, "0000", "p_00000000"])
def test_what_leads_nowhere_is_named_with_what_can_be_asked(shop: Shop, asked: str) -> None:
    """No error speaks of a parameter that nobody gave."""
    said = shop.ray.evidence("trace", asked)
    assert said.status == exitcodes.ERROR
    assert asked in said.err
    assert "try: " in said.err
    assert "incident\n" not in said.err


def test_the_page_of_an_incident_begins_with_what_was_recorded(shop: Shop) -> None:
    """No strip of empty stations, the service as it was captured, things counted in words, no link to itself."""
    place = ("--environment", "production", "--service", "shop-web")
    shop.ci.ok("record", "observation", *place, "--running", "web=sha256:" + "a" * 64)
    shop.ray.ok("record", "incident", "INC-9", "--severity", "high", *place, "--change", "7")
    port = int(shop.house.url.rpartition(":")[2])

    def first(asked: str) -> str:
        page = plain(port, "GET", f"/trace?q={asked}", headers={"Accept": "text/html"}).body.decode()
        return page.replace("<wbr>", "").split("<section>")[1]

    of_incident, of_place = first("INC-9"), first("shop-web")
    assert '<p class="tag">Incident</p>' in of_incident
    assert "none recorded" not in of_incident + of_place
    assert "<h2>Service shop-web, up to" in of_place
    assert "saw 1 artifact of shop-web" in of_place
