"""Money that goes back, over real sockets: what one operator may do, and what takes two."""

import pytest
from msgspec import structs

from gateway import messages as m
from gateway.client import RequestRefusedError
from tests.serving import delivered, live, party, serving, small_city


@live
async def test_two_operators_agree_on_a_large_refund(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await delivered(city, "o1")
        settings = (await city.operator.request(m.GetSettings())).settings
        given = {x: getattr(settings, x) for x in settings.__struct_fields__}
        careful = m.SettingsInForce(**{**given, "refund_alone_max_minor": 500})
        await city.operator.request(m.ChangeSettings(careful))
        asked = m.RefundOrder("r1", "o1", m.Money(501, "CNY"), "cold")
        told = await city.operator.request(asked)
        assert told == m.Refund("o1/refund/r1", "o1", m.Money(501, "CNY"), "cold", "ops", True)
        assert (await city.operator.request(m.ListRefunds())).refunds == [told]
        with pytest.raises(RequestRefusedError) as refused:
            await city.operator.request(m.EndorseRefund("o1/refund/r1"))
        assert refused.value.error.code == "second_person_needed"
        second = party(app, "operator", "boss")
        second.start()
        await second.ready()
        await second.request(m.EndorseRefund("o1/refund/r1"))
        assert (await second.request(m.ListRefunds())).refunds == []
        await second.close()
        await city.bank.request(m.ReportInstruction("o1/refund/r1", True, "ref"))


@live
async def test_two_operators_raise_what_one_may_give_back(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        in_force = (await city.operator.request(m.GetSettings())).settings
        more = structs.replace(in_force, refund_alone_max_minor=50_000)
        told = await city.operator.request(m.ChangeSettings(more, "a busy week"))
        assert told == m.SettingsProposed(more, "ops", "a busy week")
        asked = await city.operator.request(m.GetSettings())
        assert (asked.settings, asked.proposed) == (in_force, told)
        with pytest.raises(RequestRefusedError, match="second_person_needed"):
            await city.operator.request(m.ChangeSettings(more))
        async with party(app, "operator", "boss") as second:
            assert await second.request(m.ChangeSettings(asked.proposed.settings)) is None
            asked = await second.request(m.GetSettings())
        assert (asked.settings, asked.proposed) == (more, None)


@live
async def test_what_the_bank_could_not_give_back_is_listed_and_asked_for_again(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        await delivered(city, "o1")
        await city.operator.request(m.RefundOrder("r1", "o1", m.Money(300, "CNY"), "cold"))
        await city.bank.request(m.ReportInstruction("o1/refund/r1", False, "gone"))
        failed = m.Instruction("o1/refund/r1", "o1/1", "refund", m.Money(300, "CNY"))
        listed = await city.operator.request(m.ListFailedInstructions())
        assert listed == m.FailedInstructions([failed])
        told = await city.operator.request(m.InstructAgain("o1/refund/r1"))
        assert told == m.Instruction("o1/refund/r1/again/1", *failed_fields(failed))
        assert (await city.operator.request(m.ListFailedInstructions())).instructions == []
        with pytest.raises(RequestRefusedError) as refused:
            await city.operator.request(m.InstructAgain("o1/refund/r1"))
        assert refused.value.error.code == "illegal_transition"
        await city.bank.request(m.ReportInstruction(told.instruction, True, "ref"))


def failed_fields(x: m.Instruction) -> tuple[str, str, m.Money]:
    return x.payment, x.kind, x.amount
