"""Pages: what they show, to whom, and that nothing captured or sent to them runs in a browser."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import pytest

from api.pages.printing import MOST_WAITING
from ledger.client import Client
from ledger.events.work import Merge
from ledger.tokens import read_tokens, revoke_token, write_tokens
from ledger.verify.run import verify_bundle
from tests.api.hostile import NAME, PACK_ID, PATH, PDF, PROMPT, SCRIPT, hostile
from tests.api.serving import add_tokens, anchor_of, found_ledger, parcels_of, plain, serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ledger.records import Record
    from tests.api.hostile import Hostile
    from tests.api.serving import Plain, Served

FORM = "application/x-www-form-urlencoded"
ADDRESSES = (
    "/releases",
    "/releases/payments@1.0",
    "/trace",
    "/trace?q=41",
    "/packs",
    "/periods?period=2026-Q1",
    "/sign-in",
)


@pytest.fixture(scope="module")
def story() -> Hostile:
    """What both ledgers hold."""
    return hostile()


@pytest.fixture(scope="module")
def open_(story: Hostile, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server without tokens."""
    folder = tmp_path_factory.mktemp("open")
    found_ledger(folder, story.world)
    with serving(folder) as running:
        with Client(running.url, anchor_of(story.world)) as client:
            for parcel in parcels_of(story.world):
                client.record(parcel)
        yield running


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """Texts of the tokens of the guarded server, filled by it."""
    return {}


@pytest.fixture(scope="module")
def guarded(story: Hostile, texts: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with tokens, which holds the same."""
    folder = tmp_path_factory.mktemp("guarded")
    found_ledger(folder, story.world)
    texts["folder"] = str(folder)
    texts.update(
        add_tokens(
            folder,
            auditor=("contents", "read"),
            leaver=("contents", "read"),
            reader=("read",),
            sender=("ingest",),
            writer=("contents", "ingest", "read"),
        )
    )
    with serving(folder) as running:
        with Client(running.url, anchor_of(story.world), token=texts["writer"]) as client:
            for parcel in parcels_of(story.world):
                client.record(parcel)
        yield running


def get(served: Served, path: str, **headers: str) -> Plain:
    """A page as a browser asks for it."""
    given = {"Accept": "text/html,*/*;q=0.8", **{name.replace("_", "-"): text for name, text in headers.items()}}
    return plain(served.port, "GET", path, headers=given)


def post(served: Served, path: str, form: Mapping[str, str], **headers: str) -> Plain:
    """A form as a browser sends it."""
    given = {"Content-Type": FORM, **{name.replace("_", "-"): text for name, text in headers.items()}}
    return plain(served.port, "POST", path, urlencode(form).encode(), given)


def form_of(answer: Plain, action: str) -> dict[str, str]:
    """The hidden fields of the form of a page that is sent to ``action``."""
    body = answer.body.decode()
    inside = body[body.index(f'action="{action}"') :].partition("</form>")[0]
    return {name: unescape(value) for name, value in re.findall(r'name="([^"]*)" value="([^"]*)"', inside)}


def text(answer: Plain) -> str:
    """What a page says: without the places where long words may break, and no longer escaped."""
    return unescape(answer.body.decode().replace("<wbr>", ""))


def received_at(served: Served, record: Record) -> str:
    """When the server took an entry of the world."""
    return str(json.loads(plain(served.port, "GET", f"/v1/events/{record.index}").body)["leaf"]["received_at"])


def signed_in(served: Served, token: str) -> str:
    """The Cookie header of whoever signs in with a token."""
    form = form_of(get(served, "/sign-in"), "/sign-in")
    answer = post(served, "/sign-in", {**form, "token": token})
    assert (answer.status, answer.headers["location"]) == (303, "/releases")
    return answer.headers["set-cookie"].partition(";")[0]


@pytest.mark.parametrize("path", ADDRESSES)
def test_no_page_runs_or_fetches_anything_and_nobody_keeps_it(open_: Served, path: str) -> None:
    """Every page forbids scripts, fetches and frames by its headers, is kept by no cache, and holds no script."""
    answer = get(open_, path)
    assert answer.status == 200
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    body = answer.body.decode()
    assert "<script" not in body
    assert not re.search(r"\son[a-z]+=", re.sub(r">[^<]*<", "><", body))
    assert not re.search(r'(?:src|href|action)="(?!/|#)', body)


def test_captured_text_is_text(open_: Served) -> None:
    """Names, prompts and paths made to break out of a page stand on it as what they are."""
    trace = get(open_, "/trace?q=41").body.decode()
    assert "&lt;script&gt;" in trace
    assert "<script" not in trace
    assert "<img" not in trace
    assert PROMPT in text(get(open_, "/trace?q=41"))
    assert "<script" not in get(open_, "/releases/payments@1.0").body.decode()
    found = get(open_, "/trace?q=" + quote(PATH + ":1"))
    assert "<svg onload" not in found.body.decode()


@pytest.mark.parametrize(
    "attack", [SCRIPT, '"><img src=x onerror=alert(1)>', "{{1234*7}}", "'; DROP TABLE entry; --", "\x00\u202e"]
)
@pytest.mark.parametrize(
    "path",
    ["/trace?q=", "/releases?product=", "/packs?digest=", "/periods?period=", "/releases/", "/packs/", "/prints/"],
)
def test_what_is_asked_is_text_too(open_: Served, path: str, attack: str) -> None:
    """A query that is an attack is answered, shown escaped if at all, and never as an error of the server."""
    answer = get(open_, path + quote(attack, safe=""))
    assert answer.status in (200, 303, 404, 422)
    body = answer.body.decode()
    assert "<script" not in body
    assert "<img" not in body
    assert "8638" not in body


def test_the_list_says_how_a_release_stands(open_: Served) -> None:
    """A release is listed with its state in words, who must act, and found by a part of its product's name."""
    body = get(open_, "/releases").body.decode()
    assert "payments 1.0" in body
    assert re.search(r"verdicts? failed|cannot be told|Every rule that applies passed", body)
    assert "Who must act" in body
    assert "payments 1.0" in get(open_, "/releases?product=PAY").body.decode()
    other = get(open_, "/releases?product=nothing").body.decode()
    assert "payments 1.0" not in other
    assert "No release has such a product." in other
    assert "There is no earlier release." in get(open_, "/releases?before=0").body.decode()


def test_a_release_is_its_pack_with_a_bar(open_: Served) -> None:
    """The page of a release holds the pack's sections, the packs made of it, and its downloads."""
    body = get(open_, "/releases/payments@1.0").body.decode()
    assert "What is in this pack" in body
    assert "Download PDF" in body
    assert f"EP-{PACK_ID[7:27]}" in text(get(open_, "/releases/payments@1.0"))
    assert get(open_, "/releases/nothing@9").status == 404
    assert get(open_, "/releases/rubbish%20name").status == 422


def test_the_bundle_on_a_page_verifies(open_: Served, story: Hostile) -> None:
    """What is downloaded from a page is the bundle that an auditor verifies, a file and no page."""
    answer = get(open_, "/bundles/payments@1.0")
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == 'attachment; filename="payments-1.0.evidence.zip"'
    assert verify_bundle(answer.body, story.world.anchor).intact
    period = get(open_, "/bundles?first=0&end=12")
    assert verify_bundle(period.body, story.world.anchor).intact


def test_every_identifier_leads_to_the_same_change(open_: Served, story: Hostile) -> None:
    """Commit, tree, their beginnings, manifest, envelopes, change, release and file line lead to change 41."""
    landing = story.landed.event.body
    assert isinstance(landing, Merge)
    asked = [
        *(story.change.head, story.change.head[:9], story.change.tree, landing.commit[:8], story.change.manifest),
        *(story.change.diff.envelope, story.prompt.envelope, story.landed.envelope[7:]),
        *("41", "#41", f"{story.world.projects['shop']}/41", "payments@1.0"),
        *("src/till.py:1", 'Traceback\n  File "/app/src/till.py", line 7, in buy\nValueError'),
    ]
    for text in asked:
        answer = get(open_, "/trace?q=" + quote(text, safe=""))
        assert answer.status == 200, text
        assert "Ap Prover" in answer.body.decode(), text


def test_a_service_and_a_time_lead_to_what_was_deployed(open_: Served, story: Hostile) -> None:
    """What ran of a service at a time is found, in its environment or any; what never ran is said to be unknown."""
    at = received_at(open_, story.pack)
    for asked in (f"payments-api {at}", f"payments-api in production at {at}", f"production {at}"):
        answer = get(open_, "/trace?q=" + quote(asked))
        assert answer.status == 200, asked
        assert "deployment of payments-api to production: succeeded" in answer.body.decode(), asked
    nothing = get(open_, "/trace?q=" + quote(f"nothing {at}"))
    assert nothing.status == 404
    assert "in the 90 days before this time" in text(nothing)
    assert "--since" not in text(nothing)


def test_a_line_is_not_said_to_be_resolved(open_: Served) -> None:
    """Without a clone a file line shows the changes that touched the path, and says so."""
    body = get(open_, "/trace?q=" + quote("/srv/app/src/cart.py:12")).body.decode()
    assert "line not resolved" in body
    assert {"change 41", "change 42"} <= set(re.findall(r">(change \d+)</a>", body))
    assert "no recorded change touched such a file" in get(open_, "/trace?q=" + quote("src/other.py:1")).body.decode()


def test_what_else_shares_it_is_counted_and_linked(open_: Served, story: Hostile) -> None:
    """The prompt, session and model of change 41 are shared by change 42, its approver by nobody; links show them."""
    body = text(get(open_, "/trace?q=41"))
    links = dict(re.findall(r"<li>(prompt|session|model) [^<]*<a href=\"([^\"]*)\">1 other change</a>", body))
    assert set(links) == {"prompt", "session", "model"}
    assert "No other change shares: approver Ap Prover." in body
    for path in links.values():
        listed = get(open_, path).body.decode()
        assert "hange 42" in listed, path


def test_a_pasted_trace_stays_out_of_addresses(open_: Served) -> None:
    """One line is led to an address that can be kept; a stack trace is answered where it was sent."""
    form = form_of(get(open_, "/trace"), "/trace")
    assert post(open_, "/trace", {**form, "q": "41"}).headers["location"] == "/trace?q=41"
    pasted = post(open_, "/trace", {**form, "q": 'at buy (src/cart.py:1:4)\nat main (src/"main.js:3)'})
    assert pasted.status == 200
    assert "line not resolved" in pasted.body.decode()


def test_a_recipients_copy_is_looked_up(open_: Served, story: Hostile) -> None:
    """Pack id, number and digest of the PDF lead to the pack event; another digest to a plain no."""
    for asked in (PACK_ID, PACK_ID[7:], PACK_ID[7:].upper(), f"EP-{PACK_ID[7:27]}", PDF):
        answer = get(open_, f"/packs/{asked}")
        assert answer.status == 200, asked
        assert f"entry {story.pack.index}" in answer.body.decode()
    assert "This is the digest of payments-1.0.evidence.pdf" in text(get(open_, f"/packs/{PDF}"))
    missing = get(open_, "/packs/" + "0" * 64)
    assert missing.status == 404
    assert "has recorded no pack" in missing.body.decode()
    assert "it was never recorded, or the file differs from what was recorded" in missing.body.decode()
    assert get(open_, f"/trace?q={PDF}").headers["location"] == f"/packs/{quote(PDF, safe='@:')}"


def test_a_quarter_leads_to_a_period(open_: Served, story: Hostile) -> None:
    """The quarter of the records is offered, and shows what it holds; an empty or absurd one is refused."""
    day = received_at(open_, story.pack)[:10]
    year, month = day[:4], int(day[5:7])
    choice = f"{year}-Q{(month + 2) // 3}"
    assert f'value="{choice}"' in get(open_, "/releases").body.decode()
    body = get(open_, f"/periods?period={choice}").body.decode()
    assert "payments@1.0" in body
    assert "Download PDF" in body
    by_day = get(open_, f"/periods?from={day}&to={day}")
    assert by_day.status == 200
    form = form_of(by_day, "/prints")
    assert form["asked"] == f"{day} to {day}"
    bundle = f"/bundles?first={form['first']}&end={form['end']}"
    # By positions alone, the page and the file are named by the days of the entries there.
    by_positions = text(get(open_, f"/periods?first={form['first']}&end={form['end']}"))
    assert re.search(r"Period: \d{4}-\d\d-\d\d", by_positions)
    assert "period-20" in str(get(open_, bundle).headers)
    assert f"period-{day}-to-{day}.evidence.zip" in str(get(open_, f"{bundle}&asked={quote(form['asked'])}").headers)
    assert get(open_, f"{bundle}&asked=1999-01-01").status == 422
    assert get(open_, f"{bundle}&asked={quote('1999-01-01 to 1999-01-02')}").status == 422
    swapped = text(get(open_, "/periods?from=2026-03-02&to=2026-03-01"))
    assert "The last day, 2026-03-01, is before the first day, 2026-03-02." in swapped
    assert get(open_, "/periods?period=1999-Q1").status == 404
    for absurd in (
        "period=2026-Q5",
        "period=0000-00",
        "from=2026-02-30&to=2026-03-01",
        "from=2026-03-02&to=2026-03-01",
        "",
    ):
        assert get(open_, f"/periods?{absurd}").status == 422, absurd


def test_a_form_of_another_site_does_nothing(open_: Served) -> None:
    """Without its page's key, or sent by another site's page, no form is taken; neither is another type of body."""
    form = form_of(get(open_, "/releases/payments@1.0"), "/prints")
    assert post(open_, "/prints", {**form, "key": "0" * 64}).status == 403
    assert post(open_, "/prints", {name: text for name, text in form.items() if name != "key"}).status == 403
    assert post(open_, "/prints", form, Origin="https://evil.example").status == 403
    assert post(open_, "/prints", form, Sec_Fetch_Site="cross-site").status == 403
    body = urlencode(form).encode()
    assert plain(open_.port, "POST", "/prints", body, {"Content-Type": "text/plain"}).status == 415
    assert plain(open_.port, "POST", "/prints", b"a=" + b"a" * 200_000, {"Content-Type": FORM}).status == 413
    assert get(open_, "/releases", Host="evil.example").status == 421


def test_an_order_from_an_old_page_is_refused(open_: Served) -> None:
    """A pack says when its page was shown, so what is sent an hour later, or from no page, is refused."""
    form = form_of(get(open_, "/releases/payments@1.0"), "/prints")
    assert post(open_, "/prints", {**form, "as_of": "2026-01-01T00:00:00.000Z"}).status == 409
    for name, text in (("as_of", "now"), ("position", "-1"), ("release", "no release")):
        assert post(open_, "/prints", {**form, name: text}).status == 422, name


def test_the_queue_of_prints_is_short(open_: Served) -> None:
    """An order that stands already is not taken twice, and beyond a few waiting ones nobody may add another."""
    form = form_of(get(open_, "/releases/payments@1.0"), "/prints")
    first = post(open_, "/prints", form)
    assert first.status == 303
    assert post(open_, "/prints", form).headers["location"] == first.headers["location"]
    assert get(open_, first.headers["location"]).status == 200
    moment = datetime.fromisoformat(form["as_of"])
    others = [
        (moment + timedelta(seconds=1 + number)).isoformat(timespec="milliseconds")
        for number in range(MOST_WAITING + 3)
    ]
    many = [post(open_, "/prints", {**form, "as_of": other.replace("+00:00", "Z")}).status for other in others]
    assert 429 in many
    assert get(open_, "/prints/" + "0" * 32).status == 404


def test_machines_are_told_where_browsers_are_led_on(open_: Served) -> None:
    """The root leads a browser to the releases; whoever takes anything is told where pages and interface are."""
    assert get(open_, "/").headers["location"] == "/releases"
    for taken in ("application/json", "*/*"):
        answer = plain(open_.port, "GET", "/", headers={"Accept": taken})
        assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
        assert json.loads(answer.body)["pages"] == ["/releases", "/packs", "/trace"]
    assert "/releases" not in plain(open_.port, "GET", "/openapi.json").body.decode()


def test_an_unknown_address_is_a_page_to_a_browser(open_: Served) -> None:
    """A browser reads that nothing is there; a machine, and whoever asks the interface, gets a problem document."""
    nowhere = get(open_, "/nowhere/at-all")
    assert (nowhere.status, nowhere.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "There is nothing at this address." in text(nowhere)
    for answer in (plain(open_.port, "GET", "/nowhere/at-all"), get(open_, "/v1/nowhere")):
        assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")
    assert get(open_, "/livez").status == 200


def test_whoever_is_not_signed_in_is_led_to_the_form(guarded: Served) -> None:
    """Pages lead to the form and back to what was asked; forms and tokens of no use are refused."""
    answer = get(guarded, "/trace?q=41")
    assert (answer.status, answer.headers["location"]) == (303, "/sign-in?target=%2Ftrace%3Fq%3D41")
    assert form_of(get(guarded, answer.headers["location"]), "/sign-in")["target"] == "/trace?q=41"
    form = form_of(get(guarded, "/sign-in"), "/sign-in")
    refused = post(guarded, "/sign-in", {**form, "token": "el_pat_" + "0" * 49})
    assert refused.status == 401
    assert "set-cookie" not in refused.headers
    assert "does not know this token" in refused.body.decode()
    assert post(guarded, "/prints", {}).status == 401


def test_a_session_is_a_cookie_that_scripts_and_other_sites_do_not_see(guarded: Served, texts: dict[str, str]) -> None:
    """The token is in no cookie, address or page; the cookie is strict; another address than ours is never gone to."""
    form = form_of(get(guarded, "/sign-in"), "/sign-in")
    answer = post(guarded, "/sign-in", {**form, "token": texts["auditor"], "target": "/packs"})
    assert (answer.status, answer.headers["location"]) == (303, "/packs")
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert texts["auditor"] not in str(answer.headers) + answer.body.decode()
    page = get(guarded, "/releases", Cookie=cookie.partition(";")[0])
    assert page.status == 200
    assert texts["auditor"] not in page.body.decode()
    assert "auditor" in page.body.decode()
    for target in (
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "/releases\r\nX: y",
        "javascript:alert(1)",
    ):
        again = post(guarded, "/sign-in", {**form, "token": texts["auditor"], "target": target})
        assert again.headers["location"] == "/releases", target


def test_without_the_scope_no_content_is_shown(guarded: Served, texts: dict[str, str]) -> None:
    """A token that reads sees verdicts and trails, no name, prompt or path, and gets neither pack nor bundle."""
    cookie = signed_in(guarded, texts["reader"])
    pages = [
        get(guarded, path, Cookie=cookie)
        for path in (
            "/releases",
            "/releases/payments@1.0",
            "/trace?q=41",
            "/trace?q=payments@1.0",
            "/packs",
            "/periods?first=0&end=12",
        )
    ]
    assert [page.status for page in pages] == [200] * len(pages)
    together = "".join(text(page) for page in pages)
    for secret in ("Ap Prover", NAME, "Add a cart", "cart.py", "41 r1", "dev@acme"):
        assert secret not in together, secret
    assert "not shown with this token" in together
    assert "none recorded" not in text(get(guarded, "/trace?q=41", Cookie=cookie))
    assert get(guarded, "/bundles/payments@1.0", Cookie=cookie).status == 403
    assert get(guarded, "/bundles?first=0&end=12", Cookie=cookie).status == 403
    key = form_of(get(guarded, "/trace", Cookie=cookie), "/trace")["key"]
    form = {"key": key, "release": "payments@1.0", "position": "1", "as_of": "2026-01-01T00:00:00.000Z"}
    assert post(guarded, "/prints", form, Cookie=cookie).status == 403
    assert get(guarded, "/trace?q=src/cart.py:1", Cookie=cookie).status == 404
    shown = get(guarded, "/trace?q=41", Cookie=signed_in(guarded, texts["auditor"])).body.decode()
    assert "Ap Prover" in shown


def test_a_token_that_only_sends_opens_no_page(guarded: Served, texts: dict[str, str]) -> None:
    """The scope ``ingest`` signs nobody in."""
    form = form_of(get(guarded, "/sign-in"), "/sign-in")
    assert post(guarded, "/sign-in", {**form, "token": texts["sender"]}).status == 403


def test_a_session_ends_when_it_is_left_and_when_its_token_ends(guarded: Served, texts: dict[str, str]) -> None:
    """After signing out the cookie opens nothing; a revoked token ends its sessions within a second."""
    cookie = signed_in(guarded, texts["auditor"])
    key = form_of(get(guarded, "/releases", Cookie=cookie), "/sign-out")["key"]
    assert post(guarded, "/sign-out", {"key": key}, Cookie=cookie).headers["location"] == "/sign-in"
    assert get(guarded, "/releases", Cookie=cookie).status == 303
    left = signed_in(guarded, texts["leaver"])
    assert get(guarded, "/releases", Cookie=left).status == 200
    _revoke(texts["folder"], "leaver")
    for _ in range(40):
        if get(guarded, "/releases", Cookie=left).status == 303:
            return
        time.sleep(0.1)
    pytest.fail("the session outlived its token")


def _revoke(folder: str, name: str) -> None:
    path = Path(folder) / "tokens.json"
    path.write_bytes(write_tokens(revoke_token(read_tokens(path.read_bytes()), name, now=datetime.now(UTC))))


def test_a_bearer_of_a_token_reads_pages_without_a_session(guarded: Served, texts: dict[str, str]) -> None:
    """The header that machines send opens the same pages."""
    assert get(guarded, "/releases", Authorization=f"Bearer {texts['reader']}").status == 200
    assert get(guarded, "/releases?token=" + texts["reader"]).status == 303
