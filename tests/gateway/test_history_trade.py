"""Tables of campaigns, purchases and transfers: every row is what the engine says."""

from collections import Counter

from tests.gateway.test_history import days, random_day, told


@days
def test_campaigns_are_told_with_who_was_held_out_and_what_they_bought(seed):
    records, engine = random_day(seed)
    rows, campaigns = told(records), engine.state.campaigns.campaigns
    assert [x["campaign_id"] for x in rows["campaigns"]] == [*campaigns]
    for x in rows["campaigns"]:
        campaign = campaigns[x["campaign_id"]]
        groups = campaign.treated, campaign.held_out
        assert [x["treated"], x["held_out"]] == [y.members for y in groups]
        assert [x["treated_buyers"], x["held_out_buyers"]] == [y.buyers for y in groups]
        assert (x["ended_at"] or 0) == campaign.ended_at
    members = {
        (x["campaign_id"], x["customer_id"]): (x["held_out"], x["orders"], x["spent_minor"])
        for x in rows["campaign_members"]
    }
    assert members == {
        (key, customer): (x.is_held_out, x.orders, x.spent_minor)
        for key, campaign in campaigns.items()
        for customer, x in campaign.members.items()
    }
    assert not sum(x["redeemed"] for x in rows["campaign_members"] if x["held_out"])
    redeemed = sum(x["redeemed"] for x in rows["campaign_members"])
    assert redeemed == sum(x.treated.redeemed for x in campaigns.values())


@days
def test_goods_on_their_way_are_told_with_what_came_of_them(seed):
    records, engine = random_day(seed)
    rows, purchases = told(records), engine.state.purchases.purchases
    assert {x["purchase_id"]: x["status"] for x in rows["purchases"]} == {
        key: x.status.value for key, x in purchases.items()
    }
    pieces = Counter()
    for x in rows["purchases"]:
        pieces[x["purchase_id"]] += x["received"]
        purchase = purchases[x["purchase_id"]]
        assert x["ordered"] == purchase.ordered(x["product_id"])
        assert x["received"] == purchase.received.get(x["product_id"], 0)
        assert (x["received_at"] is None) == (not x["received"])
    came = Counter({key: sum(x.received.values()) for key, x in purchases.items()})
    assert pieces == came
    transfers = engine.state.transfers.transfers
    assert {x["transfer_id"]: x["status"] for x in rows["transfers"]} == {
        key: x.status.value for key, x in transfers.items()
    }
    for x in rows["transfers"]:
        lost = sum(
            y.quantity for y in transfers[x["transfer_id"]].lost if y.product == x["product_id"]
        )
        assert x["lost"] == lost
        if x["status"] == "received":
            assert x["shipped"] == x["received"] + x["lost"]
    shelves = Counter()
    for x in rows["stock_movements"]:
        if x["cause"] in ("shipped", "arrived"):
            shelves[x["cause"]] += x["on_hand"]
    assert -shelves["shipped"] == sum(x["shipped"] for x in rows["transfers"])
    assert shelves["arrived"] == sum(x["received"] for x in rows["transfers"])
