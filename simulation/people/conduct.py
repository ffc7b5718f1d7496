"""What people and machines outside do when it is their turn: draws, and nothing else.

Each question is answered from a stream named after what it is about, so the same courier gives
the same answer to the same offer under every policy, in-process or over a socket.
"""

from enum import StrEnum

from msgspec import Struct

from engine.values import HOUR, MINUTE, CourierId, DeliveryId, OrderId, PaymentId
from simulation.scenarios.scenario import Bank, CourierGroup, Demand, StoreGroup
from simulation.streams import RandomStreams

DECLINES = ("too_far", "too_busy", "too_little_money")
STORE_REJECTS = ("too_busy", "out_of_stock", "cannot_prepare")
WRONG_ADDRESS = 0.1  # of the customers nobody finds


class Answer(StrEnum):
    YES = "yes"
    NO = "no"
    SILENCE = "silence"


class Reply(Struct, frozen=True):
    """What is answered after so many milliseconds; a reason if it is no."""

    answer: Answer
    after_ms: int
    reason: str = ""


class BankReply(Reply, frozen=True):
    """And the same again, so long after the first time; 0 = only once."""

    again_after_ms: int = 0


class Cooking(Struct, frozen=True):
    """What one order needs in the kitchen, and how well it goes."""

    preparation_ms: int
    piece_missing: bool
    tells_when_late: bool
    which: float  # of the lines has the missing piece: a share of the way through them


class Door(Struct, frozen=True):
    """What happens at a door after so many milliseconds; a failure has a reason."""

    after_ms: int
    failure: str = ""


def store_reply(streams: RandomStreams, group: StoreGroup, order: OrderId) -> Reply:
    draws = streams.named("acceptance", order)
    after_ms, lot = group.answers_s.draw_ms(draws), draws.random()
    if lot < group.silent:
        return Reply(Answer.SILENCE, after_ms)
    if lot < group.silent + group.rejects:
        return Reply(Answer.NO, after_ms, STORE_REJECTS[draws.below(len(STORE_REJECTS))])
    return Reply(Answer.YES, after_ms)


def cooking(streams: RandomStreams, group: StoreGroup, order: OrderId) -> Cooking:
    draws = streams.named("kitchen", order)
    return Cooking(
        group.preparation_s.draw_ms(draws),
        draws.chance(group.missing),
        draws.chance(group.tells_when_late),
        draws.random(),
    )


def handover_ms(streams: RandomStreams, group: StoreGroup, order: OrderId) -> int:
    """At the counter, once the courier is there and the goods are ready."""
    return group.handover_s.draw_ms(streams.named("handover", order))


def is_sellable(streams: RandomStreams, group: StoreGroup, order: OrderId) -> bool:
    """Whether what comes back can go on the shelf again."""
    return not streams.named("return", order).chance(group.unsellable_returns)


def offer_reply(
    streams: RandomStreams,
    group: CourierGroup,
    courier: CourierId,
    delivery: DeliveryId,
    time: int,
    acceptance: float = 1.0,
) -> Reply:
    """To the `time`-th offer of this delivery to this courier; in bad weather fewer say yes."""
    draws = streams.named("offer", delivery, courier, str(time))
    after_ms, lot = group.answers_s.draw_ms(draws), draws.random()
    if lot < group.silent:
        return Reply(Answer.SILENCE, after_ms)
    if lot < 1.0 - acceptance * (1.0 - group.silent - group.declines):
        return Reply(Answer.NO, after_ms, DECLINES[draws.below(len(DECLINES))])
    return Reply(Answer.YES, after_ms)


def at_the_door(
    streams: RandomStreams, group: CourierGroup, demand: Demand, order: OrderId, attempt: int = 0
) -> Door:
    """Whoever was not there the first time may be the second."""
    draws = streams.named("door", order, *([str(attempt)] if attempt else []))
    after_ms, lot = group.door_s.draw_ms(draws), draws.random()
    if lot < demand.absent:
        lost = draws.chance(WRONG_ADDRESS)
        return Door(after_ms, "wrong_address" if lost else "customer_absent")
    if lot < demand.absent + demand.refuses:
        return Door(after_ms, "customer_refused")
    return Door(after_ms)


def breakdown_ms(
    streams: RandomStreams, group: CourierGroup, courier: CourierId, time: int
) -> int | None:
    """How long after the start of work courier breaks down for the `time`-th time; None: never."""
    if not group.breakdown_every_h:
        return None
    draws = streams.named("breakdown", courier, str(time))
    return round(draws.exponential(group.breakdown_every_h) * HOUR)


def break_after_ms(
    streams: RandomStreams, group: CourierGroup, courier: CourierId, shift: int, time: int
) -> int | None:
    """How much work a courier has had enough of for the `time`-th time; None: never."""
    if not group.break_every_h:
        return None
    draws = streams.named("break", courier, str(shift), str(time))
    return round(group.break_every_h * (0.75 + draws.random() / 2) * HOUR)


def walks_out(streams: RandomStreams, share: float, strike: str, courier: CourierId) -> bool:
    return streams.named("strike", strike, courier).chance(share)


def early_leave(streams: RandomStreams, group: CourierGroup, courier: CourierId) -> float | None:
    """At which part of the shift the courier goes offline; None: works to its end."""
    draws = streams.named("leave", courier)
    return draws.random() if draws.chance(group.leaves_early) else None


def authorization(streams: RandomStreams, bank: Bank, payment: PaymentId) -> BankReply:
    draws = streams.named("authorization", payment)
    after_ms, lot = bank.answers_s.draw_ms(draws), draws.random()
    again_ms = 1 + round(draws.exponential(MINUTE)) if draws.chance(bank.repeats) else 0
    if draws.chance(bank.late):
        after_ms += round(bank.late_min * MINUTE)
    if lot < bank.silent:
        return BankReply(Answer.SILENCE, after_ms)
    if lot < bank.silent + bank.declines:
        return BankReply(Answer.NO, after_ms, "declined", again_ms)
    return BankReply(Answer.YES, after_ms, "", again_ms)


def instruction(streams: RandomStreams, bank: Bank, key: str) -> BankReply:
    """What becomes of a capture, void or refund. The bank is never silent about these for good."""
    draws = streams.named("instruction", key)
    after_ms = bank.answers_s.draw_ms(draws)
    again_ms = 1 + round(draws.exponential(MINUTE)) if draws.chance(bank.repeats) else 0
    failed = draws.chance(bank.fails)
    return BankReply(Answer.NO if failed else Answer.YES, after_ms, "", again_ms)


class Habits:
    """The same questions, asked of one world's people. Who knows better answers otherwise."""

    def __init__(self, streams: RandomStreams) -> None:
        self._streams = streams

    def store_reply(self, group: StoreGroup, order: OrderId) -> Reply:
        return store_reply(self._streams, group, order)

    def cooking(self, group: StoreGroup, order: OrderId) -> Cooking:
        return cooking(self._streams, group, order)

    def told_ms(self, order: OrderId) -> int | None:
        """What the store says at acceptance that it takes; None: what it expects."""
        return None

    def handover_ms(self, group: StoreGroup, order: OrderId) -> int:
        return handover_ms(self._streams, group, order)

    def offer_reply(
        self,
        group: CourierGroup,
        courier: CourierId,
        delivery: DeliveryId,
        order: OrderId,
        time: int,
        acceptance: float = 1.0,
    ) -> Reply:
        return offer_reply(self._streams, group, courier, delivery, time, acceptance)

    def at_the_door(
        self, group: CourierGroup, demand: Demand, order: OrderId, attempt: int = 0
    ) -> Door:
        return at_the_door(self._streams, group, demand, order, attempt)

    def authorization(self, bank: Bank, payment: PaymentId) -> BankReply:
        return authorization(self._streams, bank, payment)

    def early_leave(self, group: CourierGroup, courier: CourierId, shift: int) -> float | None:
        """Once a day at most."""
        return early_leave(self._streams, group, courier) if shift == 1 else None

    def breakdown_ms(self, group: CourierGroup, courier: CourierId, shift: int) -> int | None:
        return breakdown_ms(self._streams, group, courier, shift)
