"""What operators and stores ask about how it went: figures of the last hours."""

from typing import Annotated

from msgspec import Meta

from gateway.messages.values import Id, Sent

Hours = Annotated[int, Meta(ge=1, le=48)]


class GetAnalytics(Sent, frozen=True):
    """Of the whole city. Answered by `analytics`."""

    hours: Hours = 24  # the one that is going on included


class GetStoreAnalytics(Sent, frozen=True):
    """Of the store that asks. Answered by `store_analytics`."""

    hours: Hours = 24


class GetHeatMap(Sent, frozen=True):
    """Where deliveries were asked for. Answered by `heat_map`."""

    hours: Hours = 24


class GetCoverage(Sent, frozen=True):
    """Of promises, by store and hour: a store's own, or, to operators, one page of stores after
    another. Answered by `coverage`."""

    hours: Hours = 24
    after: Id | None = None
    limit: Annotated[int, Meta(ge=1, le=20)] = 20


AnalyzingRequest = GetAnalytics | GetStoreAnalytics | GetCoverage | GetHeatMap
