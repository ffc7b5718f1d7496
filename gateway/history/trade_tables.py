"""The tables of campaigns, and of goods that were on their way to stores."""

from gateway.history.schema import Table, columns

TRADE: dict[str, Table] = {
    "campaigns": Table(
        "A row for each campaign, as it stands at the end of the journal.",
        columns("""
            campaign_id      text
            segments         text  separated by spaces
            promotion_id     text
            coupon_id        text
            holdout_permille int
            from_at          time
            until_at         time
            ended_at         time  stopped, or counted to its end; empty: still counted
            treated          int   customers who got the coupon
            treated_buyers   int   of them, who bought while it ran
            held_out         int   customers who did not get it, to compare
            held_out_buyers  int
            uplift_permille  int   share of buyers, treated less held out; empty: none to compare
            uplift_low       int   its 95 % confidence interval, permille
            uplift_high      int
        """),
    ),
    "campaign_members": Table(
        "Who takes part in a campaign, and what they bought while it ran.",
        columns("""
            campaign_id      text
            customer_id      text
            held_out         bool  never got the coupon
            since            time
            orders           int   bought while it ran
            spent_minor      minor
            redeemed         int   orders with the coupon
            off_minor        minor what the coupon took off
            currency         text
        """),
    ),
    "purchases": Table(
        "What stores ordered from suppliers: a row for each product of a purchase.",
        columns("""
            purchase_id      text
            store_id         text
            supplier_id      text
            product_id       text
            status           text  draft, ordered, closed or discarded
            ordered          int   pieces; 0: came, and nobody had ordered it
            received         int
            drafted_at       time
            ordered_at       time
            received_at      time  the last of this product
            ended_at         time  closed or discarded
        """),
    ),
    "transfers": Table(
        "What went from store to store: a row for each product of a transfer.",
        columns("""
            transfer_id      text
            source_id        text  the store it left
            destination_id   text  the store it was for
            product_id       text
            status           text  draft, requested, shipped, received or discarded
            by_engine        bool  drafted because it would be short
            asked            int   pieces
            shipped          int
            received         int
            lost             int   on the way
            requested_at     time
            shipped_at       time
            ended_at         time  received or discarded
        """),
    ),
}
