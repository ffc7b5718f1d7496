"""What is kept beside the journal: durable when it was promised, refused in words when damaged."""

import os
import shutil
import stat

import pytest

from benchmarks.outside import power
from gateway.hooks.outbox import FILE, Letter, Outbox, Terms
from gateway.privacy.vault import VAULT_FILE, Asked, Profile, Vault
from gateway.storage.databases import DamagedDatabaseError, opened
from gateway.storage.journal import StorageError
from gateway.storage.wal import log_of

TERMS = Terms("orders", "shop", "https://example.com/x", (), (("secret", 0),))


def test_what_is_asked_of_an_endpoint_is_synced_and_letters_are_not(tmp_path):
    outbox, said = Outbox(tmp_path), []
    outbox._db.set_trace_callback(said.append)
    endpoint = outbox.add("order_service:shop", "h", TERMS, 0).id
    outbox.change(endpoint, TERMS)
    outbox.note(endpoint, 1, [Letter(1, "o1", "order", b"{}", 0)], 0)
    outbox.revive(endpoint, None)
    outbox.remove(endpoint)
    outbox.close()
    synced, found = False, []
    for statement in said:
        word = statement.split()[0]
        if word == "PRAGMA":
            synced = statement.endswith("FULL")
        elif word in ("INSERT", "UPDATE", "DELETE"):
            found.append((word, synced))
    assert found == [
        ("INSERT", True),
        ("UPDATE", True),
        ("INSERT", False),
        ("UPDATE", False),
        ("UPDATE", True),
        ("DELETE", True),
        ("DELETE", True),
    ]


@pytest.fixture
def vault_left(tmp_path):
    """As `kill -9` leaves it: three profiles, in the log still."""
    live, left = tmp_path / "live", tmp_path / "left"
    live.mkdir()
    vault = Vault(live, 0)
    for n in range(3):
        vault.save_profile(f"c{n}", Profile(name=f"name {n}"), Asked("operator:ops", 1, "x"))
    shutil.copytree(live, left)
    vault.close()
    return left


def test_a_vault_whose_log_is_damaged_is_refused_and_nothing_of_it_is_forgotten(vault_left):
    path = log_of(vault_left / VAULT_FILE)
    whole = path.read_bytes()
    broken = bytearray(whole)
    broken[200] ^= 1
    path.write_bytes(broken)
    with pytest.raises(DamagedDatabaseError, match=r"log of .*vault\.db is damaged"):
        Vault(vault_left, 0)
    assert path.read_bytes() == broken
    path.write_bytes(whole)
    vault = Vault(vault_left, 0)
    asked = Asked("operator:ops", 2, "x")
    found = [vault.profile(f"c{n}", asked).body.name for n in range(3)]
    assert found == ["name 0", "name 1", "name 2"]
    vault.close()


@pytest.mark.parametrize("make", [Outbox, lambda folder: opened(folder / FILE, "")])
def test_a_file_that_is_no_database_is_refused_in_words(tmp_path, make):
    (tmp_path / FILE).write_bytes(b"this is no database, whatever its name may say" * 30)
    with pytest.raises(DamagedDatabaseError, match=r"webhooks\.db cannot be read"):
        make(tmp_path)


def test_what_the_disk_refuses_is_said_in_words(tmp_path):
    with pytest.raises(StorageError, match=r"x\.db cannot be used"):
        opened(tmp_path / "x.db", "CREATE TABLE broken")


def test_nobody_else_reads_what_is_kept(tmp_path):
    path = tmp_path / "x.db"
    opened(path, "").close()
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


@pytest.mark.skipif(not shutil.which("strace"), reason="needs strace")
@pytest.mark.slow
def test_after_a_power_cut_everything_that_was_answered_is_there(tmp_path):
    """Records, profiles, webhooks, revoked access: of what was not synced, any part may be gone."""
    found = power.cuts(tmp_path, tmp_path / "wrong", cuts=8, per_run=2, seed=3, run_s=2.5)
    assert found == []
