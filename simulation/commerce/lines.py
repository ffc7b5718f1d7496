"""One line for each of the six systems, for people."""

from collections.abc import Mapping

from engine.values import Rescue
from simulation.commerce.systems import OrderFigures, Systems

REMEDIES = {
    Rescue.SUBSTITUTE: "got something else",
    Rescue.OTHER_STORE: "came from elsewhere",
    Rescue.CANCEL: "took nothing",
    Rescue.GO_WITHOUT: "went without",
}


def lines(s: Systems, currency: str) -> list[tuple[str, str]]:
    """Which system, and how it went."""
    return [
        ("products", _products(s, currency)),
        ("orders", _orders(s)),
        ("payments", _payments(s, currency)),
        ("logistics", _logistics(s, currency)),
        ("customers", _customers(s)),
        ("analytics", _analytics(s, currency)),
    ]


def _products(s: Systems, currency: str) -> str:
    x = s.products
    return (
        f"{x.listed:,} listed, {x.bundles} of them bundles ({x.bundles_sold:,} sold); "
        f"{x.prices_changed:,} prices changed, {_money(x.discounts_minor)} {currency} off; "
        f"{x.receipts:,} till receipts, {_money(x.till_minor)} {currency}; "
        f"{x.shelves_counted:,} shelves counted, {x.pieces_short:,} pieces short; "
        f"{x.purchases:,} purchases and {x.transfers:,} transfers came in"
        + (f"; {x.staff:,} at work for {x.worked_h:,.0f} h" if x.staff else "")
    )


def _orders(s: Systems) -> str:
    x = s.orders
    return (
        f"{x.placed:,} placed: {x.delivered:,} delivered, {x.collected:,} collected, "
        f"{x.ended_early:,} ended early, of which {x.not_collected:,} were never fetched; "
        f"{x.scheduled:,} for a window, {x.with_coupon:,} with a coupon; "
        f"{x.brought_again:,} brought again, {x.returns:,} with goods given back, "
        f"of which couriers fetched {x.fetched:,}" + _shortages(x)
    )


def _shortages(x: OrderFigures) -> str:
    """ "; 130 said what to do if something is missing; 21 times it was: 9 got something else"."""
    if not x.wished and not x.shortages:
        return ""
    said = f"; {x.wished:,} said what to do if something is missing"
    done = ", ".join(f"{n:,} {REMEDIES[Rescue(key)]}" for key, n in x.shortages.items())
    return f"{said}; it was, {sum(x.shortages.values()):,} times: {done}" if done else said


def _payments(s: Systems, currency: str) -> str:
    x = s.payments
    captured = ", ".join(f"{name} {_money(minor)}" for name, minor in x.captured_minor.items())
    return (
        f"{currency} {captured or 'nothing'} taken; {_money(x.tips_minor)} tips, "
        f"{_money(x.refunded_minor)} refunded, {_money(x.cash_handed_in_minor)} cash handed in; "
        f"bills: {x.bill_lines:,} lines, {x.agreed:,} agree{_kinds(x.differences)}"
    )


def _logistics(s: Systems, currency: str) -> str:
    x = s.logistics
    share = x.on_time / x.delivered if x.delivered else 0.0
    return (
        f"{x.couriers:,} couriers, {x.on_duty_h:,.0f} h; {x.delivered:,} deliveries, "
        f"{share:.1%} on time; {x.ridden_km:,.0f} km, {x.co2e_kg:,.2f} kg CO2e; "
        f"{_money(x.courier_pay_minor)} {currency} earned"
    )


def _customers(s: Systems) -> str:
    x = s.customers
    return (
        f"{x.customers:,} known, {x.allow_marketing:,} allow marketing, {x.withdrawn:,} withdrew; "
        f"{len(x.segments)} segments; {x.ratings:,} ratings, {x.stars:.2f} stars; "
        f"{x.complaints:,} complaints, {x.closed:,} closed; campaigns: {x.treated:,} reached, "
        f"{x.held_out:,} held out, {x.redeemed:,} coupons used"
    )


def _analytics(s: Systems, currency: str) -> str:
    x = s.analytics
    verdict = "older hours are forgotten"
    if x.is_balanced is not None:
        verdict = "as the ledger says" if x.is_balanced else "NOT as the ledger says"
    return (
        f"{x.asked:,} asked, {x.offered:,} offered, {x.placed:,} placed, "
        f"{x.fulfilled:,} fulfilled; revenue {_money(x.charged_minor)} {currency}; "
        f"stores are credited {_money(x.credited_minor)}, {verdict}"
        + (f"; {x.followed:,} suggestions followed" if x.suggested else "")
    )


def _kinds(differences: Mapping[str, int]) -> str:
    return "".join(f", {number} {kind.replace('_', ' ')}" for kind, number in differences.items())


def _money(minor: int) -> str:
    return f"{minor / 100:,.2f}"
