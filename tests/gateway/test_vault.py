"""The vault: what it keeps is read by nobody without a key, and what it forgets is gone."""

import shutil
import stat

import pytest
from cryptography.exceptions import InvalidTag

from gateway.privacy.vault import (
    ACCESSES_KEPT_MS,
    KEYS_KEPT_MS,
    VAULT_FILE,
    Address,
    Asked,
    ConflictError,
    Consent,
    Profile,
    Text,
    Vault,
)
from gateway.privacy.vault_keys import KEYS_FILE, MASTER_FILE, ErasedError, VaultKeyError

NOW_MS = 1_800_000_000_000
ZHANG = Profile("张小明", "+86 138-1234-5678", "Xiaoming@Example.com", "zh-CN")
HOME = Address("home", "朝阳区建国路 93 号", "后门", 399_000_000, 1_164_000_000)
SECRETS = [ZHANG.name, "13812345678", "138-1234-5678", "iaoming", "建国路", "后门", "cold soup"]


def asked(what="test", at_ms=NOW_MS, key="", who="order_service:shop"):
    return Asked(who, at_ms, what, key)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.delenv("O2O_VAULT_KEY", raising=False)
    return tmp_path


def filled(folder):
    vault = Vault(folder, NOW_MS)
    vault.save_profile("c1", ZHANG, asked("save_profile"))
    vault.save_address("c1", "home", HOME, asked())
    vault.note_consent("c1", Consent("marketing", True, "checkout", "terms-3"), asked())
    vault.note_consent("c1", Consent("marketing", False, "letter"), asked(at_ms=NOW_MS + 1))
    vault.keep_text("c1", Text("complaint:k1", "order_service:shop", "cold soup"), asked())
    return vault


def traces(folder, *words):
    """Which of these are in any file, as text in an encoding that might be used, or as bytes."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            for word in words:
                kinds = (
                    [word]
                    if isinstance(word, bytes)
                    else [word.encode(), word.encode("utf-16-le"), word.encode("gb18030")]
                )
                if any(kind in data for kind in kinds):
                    found.append((path.name, word))
    return found


def bodies_of(vault, customer="c1"):
    items, _ = vault.everything(customer, asked())
    return [x.body for x in items]


def test_what_was_saved_is_read_again_also_by_the_next_server(folder):
    filled(folder).close()
    vault = Vault(folder, NOW_MS)
    assert vault.profile("c1", asked()).body == ZHANG
    [address] = vault.addresses("c1", asked())
    assert (address.key, address.body) == ("home", HOME)
    consents = vault.consents("c1", asked())
    assert [(x.at_ms, x.body.given) for x in consents] == [(NOW_MS, True), (NOW_MS + 1, False)]
    [[text], nothing] = vault.texts("c1", ["complaint:k1", "complaint:k2"], asked())
    assert (text.body.words, nothing) == ("cold soup", [])
    assert vault.profile("c2", asked()) is None
    vault.close()


def test_saving_again_replaces_and_removing_removes(folder):
    vault = filled(folder)
    vault.save_profile("c1", Profile("Li Lei"), asked())
    vault.save_address("c1", "home", Address("new home", "elsewhere"), asked())
    assert vault.profile("c1", asked()).body.name == "Li Lei"
    assert [x.body.label for x in vault.addresses("c1", asked())] == ["new home"]
    assert vault.remove_address("c1", "home", asked())
    assert not vault.remove_address("c1", "home", asked())
    assert vault.addresses("c1", asked()) == []
    vault.close()


def test_no_file_ever_has_a_word_of_it_in_the_clear(folder):
    vault = filled(folder)
    assert traces(folder, *SECRETS) == []
    vault.close()
    assert traces(folder, *SECRETS) == []
    assert traces(folder, b"c1")  # the opaque id: the search does find what is there


def test_who_is_erased_leaves_no_word_no_key_and_no_ciphertext_in_any_file(folder):
    vault = filled(folder)
    vault.save_profile("c2", Profile("Han Meimei"), asked())
    bodies = [
        row[0]
        for table in ("profile", "address", "consent", "text")
        for row in vault._db.execute(f"SELECT body FROM {table} WHERE customer = 'c1'")
    ]
    tags = [x[0] for x in vault._db.execute("SELECT tag FROM contact WHERE customer = 'c1'")]
    [wrapped] = vault._keys._db.execute("SELECT wrapped FROM key WHERE customer = 'c1'").fetchone()
    remains = [*bodies, *tags, wrapped]
    assert len(remains) == 5 + 2 + 1
    assert {x for _, x in traces(folder, *remains)} == {*remains}
    vault.erase("c1", NOW_MS, "operator:ops")
    assert traces(folder, *remains, *SECRETS) == []
    assert bodies_of(vault) == []
    assert vault.profile("c2", asked()).body.name == "Han Meimei"
    vault.close()
    assert traces(folder, *remains, *SECRETS) == []


def test_a_backup_of_the_vault_says_nothing_about_who_was_erased_since(folder, tmp_path):
    vault = filled(folder)
    vault.save_profile("c2", Profile("Han Meimei"), asked())
    vault.close()
    backup = tmp_path / "backup"
    shutil.copy(folder / VAULT_FILE, backup)
    vault = Vault(folder, NOW_MS)
    vault.erase("c1", NOW_MS, "operator:ops")
    vault.close()
    shutil.copy(backup, folder / VAULT_FILE)
    vault = Vault(folder, NOW_MS)
    assert vault._db.execute("SELECT count(*) FROM text").fetchone() == (0,)
    assert bodies_of(vault) == []
    assert vault.profile("c2", asked()).body.name == "Han Meimei"
    vault.close()


def test_an_erasure_that_was_cut_short_is_finished_by_the_next_server(folder):
    vault = filled(folder)
    vault._keys.drop("c1", NOW_MS, "operator:ops")  # and then the power went
    assert bodies_of(vault) == []
    assert vault._db.execute("SELECT count(*) FROM text").fetchone() == (1,)
    vault.close()
    vault = Vault(folder, NOW_MS)
    assert vault._db.execute("SELECT count(*) FROM text").fetchone() == (0,)
    vault.close()


def test_nothing_is_kept_any_more_about_who_was_erased(folder):
    vault = filled(folder)
    vault.erase("c1", NOW_MS, "operator:ops")
    vault.erase("c1", NOW_MS, "operator:ops")
    with pytest.raises(ErasedError):
        vault.save_profile("c1", ZHANG, asked())
    with pytest.raises(ErasedError):
        vault.keep_text("c1", Text("rating:o1", "x", "late"), asked())
    assert vault.customers() == []
    _, accesses = vault.everything("c1", asked())
    assert [x.what for x in accesses if x.who == "operator:ops"] == ["erase", "erase"]
    vault.close()


@pytest.mark.parametrize(
    "contact", ["+8613812345678", "0086 (138) 1234 5678", "xiaoming@example.COM"]
)
def test_somebody_is_found_by_phone_or_mail_however_it_is_typed(folder, contact):
    vault = filled(folder)
    vault.save_profile("c2", Profile("Li Lei", "13812345679"), asked())
    assert vault.found(contact, lambda _: True, asked()) == ["c1"]
    assert vault.found(contact, lambda _: False, asked()) == []
    vault.save_profile("c1", Profile("Zhang"), asked())
    assert vault.found(contact, lambda _: True, asked()) == []
    vault.close()


def test_every_look_and_every_change_leaves_a_line(folder):
    vault = filled(folder)
    vault.profile("c1", asked("get_profile", who="operator:eve"))
    vault.found("xiaoming@example.com", lambda _: True, asked("find_customers"))
    _, accesses = vault.everything("c1", asked("export_customer"))
    assert accesses[0].what == "save_profile"
    assert [(x.who, x.what) for x in accesses[-3:]] == [
        ("operator:eve", "get_profile"),
        ("order_service:shop", "find_customers"),
        ("order_service:shop", "export_customer"),
    ]
    vault.close()


def test_a_repeated_request_writes_once_and_another_under_its_key_is_refused(folder):
    vault = filled(folder)
    for _ in range(2):
        vault.note_consent("c1", Consent("personalization", True), asked(key="shop/k1"))
    assert len(vault.consents("c1", asked())) == 3
    with pytest.raises(ConflictError):
        vault.note_consent("c1", Consent("personalization", False), asked(key="shop/k1"))
    vault.save_profile("c1", Profile("New"), asked(key="shop/k2"))
    vault.save_profile("c1", Profile("Newer"), asked(key="shop/k3"))
    vault.save_profile("c1", Profile("New"), asked(key="shop/k2"))  # late, and an old story
    assert vault.profile("c1", asked()).body.name == "Newer"
    vault.close()


def test_old_keys_and_old_accesses_are_dropped(folder):
    vault = filled(folder)
    vault.save_profile("c1", ZHANG, asked(key="k"))
    vault.close()
    vault = Vault(folder, NOW_MS + KEYS_KEPT_MS + 1)
    assert vault._db.execute("SELECT count(*) FROM request").fetchone() == (0,)
    assert vault._db.execute("SELECT count(*) FROM access").fetchone()[0] > 0
    vault.close()
    vault = Vault(folder, NOW_MS + ACCESSES_KEPT_MS + 2)
    assert vault._db.execute("SELECT count(*) FROM access").fetchone() == (0,)
    assert bodies_of(vault)  # what is kept about the person stays until it is erased
    vault.close()


def test_a_server_that_never_stops_drops_them_too(folder, monkeypatch):
    monkeypatch.setattr("gateway.privacy.vault.PRUNED_EVERY", 3)
    vault = filled(folder)
    vault.save_profile("c1", ZHANG, asked(key="k"))
    for n in range(3):
        vault.profile("c1", asked(at_ms=NOW_MS + KEYS_KEPT_MS + n))
    assert vault._db.execute("SELECT count(*) FROM request").fetchone() == (0,)
    vault.close()


def test_without_its_key_a_vault_does_not_open(folder):
    filled(folder).close()
    (folder / MASTER_FILE).write_text("ab" * 32)
    with pytest.raises(VaultKeyError, match=KEYS_FILE):
        Vault(folder, NOW_MS)


def test_only_its_owner_reads_the_files(folder):
    vault = filled(folder)
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    vault.close()


def test_a_row_put_under_another_person_is_not_read_as_his(folder):
    vault = filled(folder)
    vault.save_profile("c2", Profile("Li Lei"), asked())
    vault._db.execute("DELETE FROM profile WHERE customer = 'c2'")
    vault._db.execute("UPDATE profile SET customer = 'c2' WHERE customer = 'c1'")
    with pytest.raises(InvalidTag):
        vault.profile("c2", asked())
    vault.close()
