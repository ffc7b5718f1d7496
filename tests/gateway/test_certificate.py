"""A certificate says what was counted, is refused when it is not true, and cannot be forged."""

import json
import sqlite3
from functools import cache

import pytest
from msgspec.structs import replace

from engine import events as e
from engine.values import Line
from gateway.cli import main
from gateway.storage.certificate import NotCertifiedError, certify, read
from gateway.storage.conservation import Conservation
from gateway.storage.journal import JOURNAL_FILE
from gateway.storage.verification import verify
from tests.days.random_days import RandomDay
from tests.journals import journal_of


@cache
def day(seed=5, steps=800):
    random = RandomDay(seed)
    return [*random.records(steps), *random.heal()], random.engine.state


def counted(records):
    conservation = Conservation()
    for record in records:
        conservation.fold(record)
    return conservation


@pytest.mark.parametrize("seed", [2, 5, 11])
def test_what_is_counted_is_what_the_engine_has(seed):
    records, state = day(seed)
    found = counted(records)
    counts = found.counts
    assert counts.is_sound
    on_hand = sum(x.on_hand for shelf in state.inventory.levels.values() for x in shelf.values())
    assert counts.units_in - counts.units_out == on_hand
    assert counts.orders_placed == state.orders.count
    assert (
        found.orders_open == state.orders.open_count == counts.orders_placed - counts.orders_ended
    )
    assert counts.refunded_minor == sum(x.refunded_minor for _, x, _ in state.payments.everything())


def planted(records, kind, change):
    """The first event of a kind, otherwise than it was."""
    n, m = next(
        (n, m)
        for n, record in enumerate(records)
        for m, x in enumerate(record.events)
        if isinstance(x, kind)
    )
    events = [*records[n].events]
    events[m : m + 1] = change(events[m])
    return [*records[:n], replace(records[n], events=events), *records[n + 1 :]]


@pytest.mark.parametrize(
    ("kind", "change", "what"),
    [
        (
            e.StockReserved,
            lambda x: [replace(x, lines=[Line(y.product, y.quantity + 999) for y in x.lines])],
            "oversold",
        ),
        (e.LedgerPosted, lambda x: [replace(x, postings=x.postings[:1])], "unbalanced"),
        (
            e.InstructionIssued,
            lambda x: [replace(x, kind="refund", amount_minor=10**9)],
            "over_refunded",
        ),
        (e.OrderCancelled, lambda x: [x, x], "miscounted_orders"),
        (e.OrderPlaced, lambda _: [], "miscounted_orders"),
    ],
)
def test_whatever_does_not_add_up_is_counted_as_what_it_is(kind, change, what):
    records, _ = day()
    counts = counted(planted(records, kind, change)).counts
    assert getattr(counts, what) > 0
    assert not counts.is_sound


def test_a_sound_journal_is_certified_and_the_certificate_is_genuine(tmp_path, capsys):
    records, _ = day()
    data, kept = journal_of(tmp_path / "data", records), tmp_path / "night" / "certificate.json"
    assert main(["verify", str(data), "--certificate", str(kept)]) == 0
    assert "0 oversold, 0 unbalanced, 0 over refunded" in capsys.readouterr().out
    statement = read(kept.read_bytes())
    assert statement.records == statement.decided_again == len(records)
    assert statement.counts == counted(records).counts
    key = json.loads(kept.read_bytes())["public_key"]
    check = ["verify", str(data), "--check", str(kept)]
    assert main([*check, "--key", key]) == 0
    assert "genuine, and about this journal" in capsys.readouterr().out
    assert main([*check, "--key", "00" * 32]) == 1
    journal_of(data, [])  # it goes on being true when the journal goes on
    assert main(check) == 0


def test_no_byte_of_a_statement_can_be_changed(tmp_path):
    records, _ = day(steps=100)
    data = journal_of(tmp_path, records)
    signed = certify(data, verify(data))
    for n in range(len(signed)):
        forged = signed[:n] + bytes([signed[n] ^ 1]) + signed[n + 1 :]
        try:
            same = read(forged) == read(signed)
        except NotCertifiedError:
            continue
        assert same, f"byte {n}"  # the case of a hexadecimal digit, or a space


def test_a_certificate_is_of_one_history_and_no_other(tmp_path, capsys):
    records, _ = day(steps=300)
    others, _ = day(seed=6, steps=600)
    data, other = journal_of(tmp_path / "a", records), journal_of(tmp_path / "b", others)
    shorter = journal_of(tmp_path / "c", records[:-1])
    kept = tmp_path / "certificate.json"
    kept.write_bytes(certify(data, verify(data)))
    for folder in (other, shorter):
        assert main(["verify", str(folder), "--check", str(kept)]) == 1
        assert "another history" in capsys.readouterr().out


def test_a_damaged_journal_is_not_certified(tmp_path, capsys):
    records, _ = day(steps=300)
    data, kept = journal_of(tmp_path / "data", records), tmp_path / "certificate.json"
    with sqlite3.connect(data / JOURNAL_FILE) as db:
        db.execute("UPDATE record SET body = CAST(body || x'00' AS BLOB) WHERE seq = 90")
    db.close()
    assert main(["verify", str(data), "--certificate", str(kept)]) == 2
    assert "no certificate" in capsys.readouterr().out
    assert not kept.exists()


def test_an_empty_journal_certifies_nothing(tmp_path):
    data = journal_of(tmp_path, [])
    with pytest.raises(NotCertifiedError, match="empty"):
        certify(data, verify(data))
