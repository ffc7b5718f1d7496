"""Money at the edge: exact both ways, in every currency, or refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.providers.currencies import (
    AMOUNT_MAX,
    DECIMALS,
    STRIPES_DECIMALS,
    AmountError,
    decimals,
    minor_of,
    of_stripes,
    stripes_of,
    text_of,
)

CURRENCIES = [*DECIMALS, "CNY", "USD", "EUR", "MGA"]
currencies = st.sampled_from(CURRENCIES)
amounts = st.integers(-AMOUNT_MAX, AMOUNT_MAX)


@given(amounts, currencies)
def test_an_amount_comes_back_from_text_as_it_was(minor, currency):
    assert minor_of(text_of(minor, currency), currency) == minor


@given(amounts, currencies)
def test_text_says_what_decimal_arithmetic_says(minor, currency):
    assert Decimal(text_of(minor, currency)) == Decimal(minor).scaleb(-decimals(currency))


@given(amounts, currencies)
def test_an_amount_comes_back_from_stripe_as_it_was_or_cannot_be_told(minor, currency):
    try:
        told = stripes_of(minor, currency)
    except AmountError:
        assert currency == "MGA" or decimals(currency) == 3
        return
    assert of_stripes(told, currency) == minor


@given(st.text(max_size=12))
def test_no_text_is_read_as_money_unless_decimal_would_read_the_same(text):
    try:
        minor = minor_of(text, "CNY")
    except AmountError:
        return
    assert Decimal(text) == Decimal(minor).scaleb(-2)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("20.00", "CNY", 2_000),
        ("20.1", "CNY", 2_010),
        ("20", "CNY", 2_000),
        ("0.01", "CNY", 1),
        ("-0.06", "CNY", -6),
        ("0.00", "CNY", 0),
        ("0.0600", "CNY", 6),
        ("1500", "JPY", 1_500),
        ("1500.00", "JPY", 1_500),
        ("1.234", "KWD", 1_234),
    ],
)
def test_amounts_as_providers_write_them(text, currency, minor):
    assert minor_of(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        *(
            (x, "CNY")
            for x in ("", ".", "1.", ".5", "1e3", "+1", " 1", "1 ", "1,000.00", "0x1", "1_0")
        ),
        *((x, "CNY") for x in ("0.001", "NaN", "inf", "--1", "1.2.3", "٣", "9" * 20, "1\n")),
        ("1500.5", "JPY"),
        ("1.2345", "KWD"),
    ],
)
def test_what_is_no_amount_is_refused(text, currency):
    with pytest.raises(AmountError):
        minor_of(text, currency)


@pytest.mark.parametrize(
    ("minor", "currency", "told"),
    [
        (1_999, "CNY", 1_999),
        (1_500, "JPY", 1_500),
        (1_230, "KWD", 1_230),
        (1_500, "UGX", 150_000),  # Stripe counts cents that do not exist
        (1_500, "ISK", 150_000),
        (1_500, "MGA", 15),
    ],
)
def test_stripe_counts_some_currencies_its_own_way(minor, currency, told):
    assert stripes_of(minor, currency) == told


@pytest.mark.parametrize(("minor", "currency"), [(1_234, "KWD"), (1_550, "MGA")])
def test_what_stripe_cannot_be_told_is_refused(minor, currency):
    with pytest.raises(AmountError):
        stripes_of(minor, currency)
    assert set(STRIPES_DECIMALS) == {"ISK", "UGX", "MGA"}
