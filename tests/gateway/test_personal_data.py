"""Personal data over the gateway: whose it is, what is left of it, and that it is nowhere else."""

import logging

import pytest

from gateway import messages as m
from gateway.client import RequestRefusedError
from gateway.privacy.vault import Vault
from tests.gateway.test_vault import traces
from tests.serving import delivered, live, party, placed, serving, small_city

NAME, PHONE, MAIL = "Zhang Xiaoming", "+86 138 1234 5678", "xiaoming@example.com"
STREET, EVIDENCE = "93 Jianguo Road, door at the back", "said so on the phone to Han Meimei"
WORDS = (NAME, "138 1234", "13812345678", "xiaoming@", "Jianguo", "Meimei")
PROFILE = m.SaveProfile("ann", NAME, PHONE, MAIL, "zh-CN")
ADDRESS = m.SaveAddress("ann", "home", "at home", STREET, "ring twice", m.Place(39.01, 116.01))


async def code_of(client, body, **more):
    with pytest.raises(RequestRefusedError) as info:
        await client.request(body, **more)
    return info.value.code


async def told_who_ann_is(city):
    await city.shop.request(PROFILE)
    await city.shop.request(ADDRESS)
    await city.shop.request(m.SetConsent("ann", "marketing", True, "call", "terms-3", EVIDENCE))


async def everything(client, limit=2):
    items, cursor = [], None
    while True:
        page = await client.request(m.ExportCustomer("ann", cursor, limit))
        items += page.items
        cursor = page.next
        if cursor is None:
            return items


@live
async def test_a_service_reads_and_changes_who_its_own_customers_are(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await told_who_ann_is(city)
        told = await city.shop.request(m.GetProfile("ann"))
        assert (told.name, told.phone, told.email, told.language) == (NAME, PHONE, MAIL, "zh-CN")
        [home] = told.addresses
        assert (home.address, home.text, home.place) == ("home", STREET, m.Place(39.01, 116.01))
        found = await city.shop.request(m.FindCustomers("008613812345678"))
        assert found.customers == ["ann"]
        [noted] = (await city.shop.request(m.ListConsents("ann"))).consents
        assert (noted.purpose, noted.given, noted.wording) == ("marketing", True, "terms-3")
        assert noted.note == EVIDENCE
        ann = await city.operator.request(m.GetCustomer("ann"))
        assert [x.purpose for x in ann.consents] == ["marketing"]
        await city.shop.request(m.RemoveAddress("ann", "home"))
        assert await code_of(city.shop, m.RemoveAddress("ann", "home")) == "unknown"
        assert (await city.shop.request(m.GetProfile("ann"))).addresses == []


@live
async def test_nobody_reads_or_changes_the_customers_of_another_service(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await told_who_ann_is(city)
        await city.operator.request(m.RegisterCustomer("guest"))  # anybody's, and so nobody's
        rival = party(app, "order_service", "rival")
        rival.start()
        for customer in ("ann", "guest", "nobody"):
            for body in (
                m.SaveProfile(customer, "x"),
                m.GetProfile(customer),
                m.SaveAddress(customer, "home", "x", "x"),
                m.RemoveAddress(customer, "home"),
                m.ListConsents(customer),
                m.ExportCustomer(customer),
                m.ExportCustomer(customer, "vault:0"),
                m.SetConsent(customer, "marketing", False),
                m.ForgetCustomer(customer),
            ):
                assert await code_of(rival, body) == "unknown", body
        assert (await rival.request(m.FindCustomers(PHONE))).customers == []
        for role, subject in (("store", "s1"), ("courier", "kim"), ("payment_provider", "bank")):
            client = party(app, role, subject)
            client.start()
            assert await code_of(client, m.GetProfile("ann")) == "forbidden"
            await client.close()
        assert (await city.operator.request(m.GetProfile("ann"))).name == NAME
        await rival.close()


@live
async def test_nothing_of_a_person_is_in_the_journal_in_a_log_or_in_the_clear(tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        async with serving(tmp_path, snapshot_every=5) as app, small_city(app) as city:
            await told_who_ann_is(city)
            await delivered(city, "o1")
            assert await code_of(city.shop, m.SaveProfile("ann", NAME, "no phone")) == "malformed"
            assert (await city.shop.request(m.GetProfile("ann"))).name == NAME
            assert traces(tmp_path, *WORDS) == []
            found = " ".join(name for name, _ in traces(tmp_path, b"ann"))
            assert "journal.db" in found  # the opaque id is
            assert "vault.db" in found
    assert traces(tmp_path, *WORDS) == []
    assert not any(word in caplog.text for word in WORDS)


@live
async def test_who_is_forgotten_is_gone_from_every_file_and_stays_gone(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await told_who_ann_is(city)
        await placed(city, "o1")
        assert await code_of(city.shop, m.ForgetCustomer("ann"), id="k-1") == "order_open"
        assert (await city.shop.request(m.GetProfile("ann"))).name == NAME
        await city.shop.request(m.CancelOrder("o1", "changed_mind"))
        await city.shop.request(m.ForgetCustomer("ann"), id="k-2")
        await city.shop.request(m.ForgetCustomer("ann"), id="k-2")  # the answer was lost
        for body in (m.GetProfile("ann"), PROFILE, ADDRESS, m.ExportCustomer("ann")):
            assert await code_of(city.shop, body) == "unknown"
        assert (await city.shop.request(m.FindCustomers(PHONE))).customers == []
        assert app.desk.keeper._vault.customers() == []
    async with serving(tmp_path) as app:
        shop = party(app, "order_service", "shop")
        shop.start()
        assert await code_of(shop, m.GetProfile("ann")) == "unknown"
        await shop.close()


@live
async def test_a_server_that_died_between_engine_and_vault_erases_when_it_is_back(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await told_who_ann_is(city)
        app.desk.keeper._vault.erase = lambda *_: None  # the power goes before
        await city.shop.request(m.ForgetCustomer("ann"))
    vault = Vault(tmp_path, 0)
    assert vault.customers() == ["ann"]
    vault.close()
    async with serving(tmp_path) as app:
        assert app.desk.keeper._vault.customers() == []


@live
async def test_a_person_gets_everything_that_is_kept_about_him(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await told_who_ann_is(city)
        await delivered(city, "o1")
        await placed(city, "o2")
        items = await everything(city.shop)
        assert items[0].customer.purchases == 1
        assert [x.purchase.order for x in items if x.purchase] == ["o2", "o1"]
        [profile] = [x.profile for x in items if x.profile]
        assert (profile.name, profile.phone) == (NAME, PHONE)
        assert [x.address.text for x in items if x.address] == [STREET]
        assert [x.consent.note for x in items if x.consent] == [EVIDENCE]
        accesses = [x.access for x in items if x.access]
        assert accesses[0] == m.Access("order_service:shop", "save_profile")
        assert all(x.at for x in items)
        for cursor in ("vault:9999", "vault:", "nothing:1", "vault:-1"):
            assert await code_of(city.shop, m.ExportCustomer("ann", cursor)) == "malformed"


@live
async def test_a_card_number_is_let_into_no_profile_address_or_note(tmp_path):
    card = "4111 1111 1111 1111"
    async with serving(tmp_path) as app, small_city(app) as city:
        for body in (
            m.SaveProfile("ann", card),
            m.SaveAddress("ann", "home", "x", f"pay with {card}"),
            m.SetConsent("ann", "marketing", True, note=card),
        ):
            assert await code_of(city.shop, body) == "card_number"


@live
async def test_a_repeat_is_the_same_request_and_another_under_its_id_is_refused(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        consent = m.SetConsent("ann", "marketing", True, "call")
        for _ in range(2):
            await city.shop.request(consent, id="k-1")
        assert len((await city.shop.request(m.ListConsents("ann"))).consents) == 1
        other = m.SetConsent("ann", "marketing", True, "letter")
        assert await code_of(city.shop, other, id="k-1") == "idempotency_conflict"
        await city.shop.request(PROFILE, id="k-2")
        await city.shop.request(m.SaveProfile("ann", "Newer"), id="k-3")
        await city.shop.request(PROFILE, id="k-2")
        assert (await city.shop.request(m.GetProfile("ann"))).name == "Newer"
