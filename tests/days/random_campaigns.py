"""Campaigns on a random day: launched at whoever allows it, bought with, stopped in the middle."""

from collections.abc import Callable, Iterator

from engine import commands as c
from engine import terms as t
from engine.rules.segmentation import NAMES
from engine.values import DAY, HOUR, Line, Purpose
from tests.days.random_customers import SOMEBODY

TERMS = t.PromotionTerms(
    "for whom it concerns",
    t.Conditions(),
    [t.Action(t.ActionKind.PERCENT, 200)],
    by_coupon=True,
)


def makers(day) -> Iterator[tuple[float, Callable[[], c.AnyCommand | list[c.AnyCommand]]]]:
    rng, s = day.rng, day.engine.state

    def campaign() -> str:
        return day._one(s.campaigns.campaigns)

    def launch() -> list[c.AnyCommand]:
        """With everybody's consent, mostly; and now and then with nonsense in it."""
        allowed = [x for x in SOMEBODY if rng.random() < 0.9]
        return [
            *(c.SetConsent(x, Purpose.MARKETING, True) for x in allowed),
            c.DefinePromotion("campaign", TERMS),
            c.LaunchCampaign(
                day._new("C"),
                rng.choice([list(NAMES), list(NAMES), ["lost"], [], ["vip"]]),
                rng.choice(["campaign", "campaign", "campaign", "nothing"]),
                day._new("K"),
                rng.choice((0, 300, 500, 950)),
                day.at + rng.choice((HOUR, DAY, 3 * DAY, -1)),
                rng.choice((1, 0, -1)),
            ),
        ]

    def buy() -> list[c.AnyCommand]:
        """Somebody who was bought from before, with a coupon, if he can have one."""
        known = s.campaigns.campaigns.get(campaign())
        coupons = [known.launched.coupon] if known and rng.random() < 0.7 else []
        quote = day._new("q")
        ask = c.RequestQuote(
            quote,
            "app",
            day._any(SOMEBODY),
            "s0",
            [Line("ramen", 1)],
            day._place(1),
            coupons=coupons,
        )
        return [ask, c.PlaceOrder(day._new("o"), "app", quote, "bank")]

    def interfere() -> c.AnyCommand:
        """Somebody else gives the same coupon away, or takes it back."""
        known = s.campaigns.campaigns.get(campaign())
        coupon = known.launched.coupon if known else "none"
        give = c.IssueCoupons(coupon, "campaign", [rng.choice(SOMEBODY)])
        return rng.choice([give, c.WithdrawCoupon(coupon), c.EndPromotion("campaign")])

    yield 2, launch
    yield 4, buy
    yield 0.3, interfere
    yield 0.5, lambda: c.StopCampaign(campaign())
