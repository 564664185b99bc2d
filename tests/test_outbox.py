"""The spool on disk. Delivery to a real server stands in tests/api."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from ledger.digests import Digest
from ledger.envelope import seal
from ledger.errors import ConflictError, FormatError, NotFoundError, UnavailableError
from ledger.outbox import Outbox
from ledger.parcel import Parcel, SaltedContent, make_parcel
from ledger.spool import Pace, Spool, default_root
from tests.world import World

LEDGER = Digest("sha256:" + "ab" * 32)


@pytest.fixture(scope="module")
def world() -> World:
    """A ledger with a project and a service."""
    made = World()
    made.project("shop")
    robot = made.machine("Robot", ["prompt", "test"])
    for number in range(3):
        made.prompt("shop", "pull/1", made.members["Ada Admin"], robot, text=f"Please {number}", session=f"s-{number}")
    return made


def parcel_of(world: World, index: int) -> Parcel:
    """What the sender of an entry had; negative indexes count from the end."""
    kept = [world.contents[item.commitment] for item in world.records_list[index].event.context.contents]
    return make_parcel(world.entries[index][1].data, [SaltedContent(item.salt, item.data) for item in kept])


def test_comes_back_as_it_went_in(world: World, tmp_path: Path) -> None:
    """A spooled parcel reads back with the same envelope and contents, and leaves nothing when it is removed."""
    spool = Spool(tmp_path / "outbox")
    parcel = parcel_of(world, -1)
    spool.add(parcel)
    assert spool.pending() == (parcel.event_id,)
    assert spool.read(parcel.event_id) == parcel
    spool.remove(parcel.event_id)
    assert spool.pending() == ()
    assert not [path for path in (tmp_path / "outbox").rglob("*") if path.is_file() and path.name != ".gitignore"]


def test_order_is_that_of_recording(world: World, tmp_path: Path) -> None:
    """Whatever the order of writing, events wait in the order of their ids."""
    spool = Spool(tmp_path)
    parcels = [parcel_of(world, at) for at in (-1, -3, -2)]
    for parcel in parcels:
        spool.add(parcel)
    assert spool.pending() == tuple(sorted(parcel.event_id for parcel in parcels))


def test_nobody_else_can_read_it(world: World, tmp_path: Path) -> None:
    """Folders are 0700 and files 0600: prompts lie here."""
    root = tmp_path / "outbox"
    Spool(root).add(parcel_of(world, -1))
    for path in [root, *root.rglob("*")]:
        if path.name != ".gitignore":
            assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    assert (root / ".gitignore").read_text() == "*\n"


def test_adding_twice_is_harmless(world: World, tmp_path: Path) -> None:
    """The same parcel again changes nothing; another one with its id is refused."""
    spool = Spool(tmp_path)
    parcel = parcel_of(world, -1)
    assert spool.add(parcel) == spool.add(parcel)
    robot = world.members["Robot"]
    payload = parcel.envelope.payload.replace(b"s-2", b"s-9")
    other = make_parcel(seal(payload, robot.key).data, parcel.contents)
    with pytest.raises(ConflictError) as caught:
        spool.add(other)
    assert caught.value.slug == "event-id-taken"
    assert spool.read(parcel.event_id) == parcel


def test_half_written_is_not_there(world: World, tmp_path: Path) -> None:
    """What a crash left before the rename is no event, and is swept away in time."""
    spool = Spool(tmp_path)
    parcel = parcel_of(world, -1)
    spool.add(parcel)
    (tmp_path / "staging" / "x").mkdir()
    (tmp_path / "staging" / "x" / "envelope.json").write_bytes(b"{")
    assert spool.pending() == (parcel.event_id,)


def test_damage_is_told(world: World, tmp_path: Path) -> None:
    """A changed content or envelope, or a missing file, is an error and not another event."""
    for number, damage in enumerate(("append", "remove", "envelope", "short")):
        spool = Spool(tmp_path / str(number))
        parcel = parcel_of(world, -1)
        place = spool.add(parcel)
        content = next(path for path in place.iterdir() if path.name != "envelope.json")
        match damage:
            case "append":
                content.write_bytes(content.read_bytes() + b"x")
            case "remove":
                content.unlink()
            case "short":
                content.write_bytes(b"x")
            case _:
                (place / "envelope.json").write_bytes(b"{}")
        with pytest.raises((FormatError, ConflictError)):
            spool.read(parcel.event_id)


def test_refused_is_kept_with_its_problem(world: World, tmp_path: Path) -> None:
    """A refused event is moved aside with the reason, and can be put back."""
    outbox = Outbox(tmp_path)
    parcel = parcel_of(world, -1)
    outbox.spool.add(parcel)
    path = outbox.spool.refuse(parcel.event_id, ConflictError("reference-missing", "not there"))
    assert (path / "problem.json").exists()
    assert outbox.status().waiting == ()
    assert outbox.status().refused == ((parcel.event_id, "reference-missing"),)
    outbox.restore(parcel.event_id)
    assert outbox.status().waiting == (parcel.event_id,)
    assert outbox.spool.read(parcel.event_id) == parcel
    with pytest.raises(NotFoundError):
        outbox.restore(parcel.event_id)


def test_one_flusher_at_a_time(tmp_path: Path) -> None:
    """Who holds the lock delivers alone; the lock ends with its holder."""
    with Spool(tmp_path).locked() as first:
        assert first
        with Spool(tmp_path).locked() as second:
            assert not second
    with Spool(tmp_path).locked() as third:
        assert third


def test_pace_is_remembered(tmp_path: Path) -> None:
    """The next process knows how delivery has been going; a damaged note counts as no failures."""
    spool = Spool(tmp_path)
    assert spool.pace() == Pace(0, 0.0)
    spool.set_pace(Pace(3, 1_700_000_000.25))
    assert Spool(tmp_path).pace() == Pace(3, 1_700_000_000.25)
    (tmp_path / "pace.json").write_bytes(b"{")
    assert spool.pace() == Pace(0, 0.0)
    spool.set_pace(Pace(0, 0.0))
    assert not (tmp_path / "pace.json").exists()


def test_import_takes_what_waited(world: World, tmp_path: Path) -> None:
    """A copied outbox is taken in whole, twice does no harm, and damage is named without stopping the rest."""
    theirs = Outbox(tmp_path / "theirs" / "outbox")
    parcels = [parcel_of(world, at) for at in (-3, -2, -1)]
    for parcel in parcels:
        theirs.spool.add(parcel)
    (theirs.spool.root / "pending" / parcels[1].event_id / "envelope.json").write_bytes(b"{}")
    ours = Outbox(tmp_path / "ours")
    whole = (parcels[0].event_id, parcels[2].event_id)
    for _ in range(2):
        taken, faulty = ours.import_folder(tmp_path / "theirs")
        assert taken == whole
        assert [name for name, _ in faulty] == [parcels[1].event_id]
    assert ours.status().waiting == whole
    assert len(theirs.status().waiting) == 3


def test_place_is_the_workspace_of_the_pipeline() -> None:
    """An explicit folder wins, then the workspace of a known CI system, then the user's state."""
    name = "ab" * 8
    assert default_root(LEDGER, {"HOME": "/home/x"}) == Path(f"/home/x/.local/state/evidence-ledger/outbox/{name}")
    assert default_root(LEDGER, {"XDG_STATE_HOME": "/s"}) == Path(f"/s/evidence-ledger/outbox/{name}")
    ci = {"CI_PROJECT_DIR": "/builds/p", "HOME": "/root"}
    assert default_root(LEDGER, ci) == Path(f"/builds/p/.evidence-ledger/outbox/{name}")
    assert default_root(LEDGER, ci, explicit=Path("/o")) == Path(f"/o/{name}")


def test_unwritable_folder_is_unavailable(tmp_path: Path) -> None:
    """Where nothing can be written, recording says so instead of pretending."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UnavailableError) as caught:
        Spool(tmp_path / "file" / "outbox")
    assert caught.value.slug == "spool-unwritable"
