"""What is asked of the vault: who a customer is. None of it enters the journal."""

from typing import Annotated

from msgspec import Meta

from gateway.messages.values import Cursor, Id, Place, Sent, Text, Words

Phone = Annotated[str, Meta(pattern=r"^(\+?[0-9][0-9 ()./-]{2,30})?\Z")]
Email = Annotated[str, Meta(pattern=r"^([^@\s]{1,120}@[^@\s]{1,120})?\Z")]
Language = Annotated[
    str,
    Meta(pattern=r"^([A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4})?\Z", description="A BCP 47 tag"),
]


class SaveProfile(Sent, frozen=True):
    """Who a customer is; replaces what was known."""

    customer: Id
    name: Text
    phone: Phone = ""
    email: Email = ""
    language: Language = ""


class GetProfile(Sent, frozen=True):
    """Who a customer is, and the addresses. Answered by `profile`."""

    customer: Id


class FindCustomers(Sent, frozen=True):
    """Whose phone or e-mail this is, however it is typed. Answered by `customers_found`."""

    contact: Annotated[str, Meta(min_length=1, max_length=254)]


class SaveAddress(Sent, frozen=True):
    """One of a customer's addresses, by a name you choose for it; replaces what it was."""

    customer: Id
    address: Id
    label: Text
    text: Words
    note: Words = ""
    place: Place | None = None


class RemoveAddress(Sent, frozen=True):
    customer: Id
    address: Id


class ListConsents(Sent, frozen=True):
    """Every time a consent was given or withdrawn, how and to which words.

    Answered by `consents`.
    """

    customer: Id


class ExportCustomer(Sent, frozen=True):
    """Everything kept about one person, to be handed over. Answered by `personal_data`."""

    customer: Id
    cursor: Cursor | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 100
