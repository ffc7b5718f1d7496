"""What providers tell, once it is known to be theirs: matched with what we wait for, and reported.

A notice may come twice, late, or before the one that happened earlier. One that says what is so
is reported as it is; any other only makes us ask.
"""

from engine.state import State
from engine.values import RequestKey
from gateway.providers.errands import Errands
from gateway.providers.port import (
    Carried,
    Doubtful,
    News,
    NoticeRefusedError,
    Paid,
    Provider,
)
from gateway.providers.reports import Reports

NOTICE_ID_MAX = 128


class Notices:
    def __init__(self, state: State, errands: Errands, reports: Reports) -> None:
        self._state = state
        self._errands = errands
        self._reports = reports

    async def heard(self, provider: Provider, news: News | None) -> None:
        """Returns when what it says is durable; a repeat changes nothing.

        Raises NoticeRefusedError if it says what cannot be, SubmissionError if nobody can listen.
        """
        self._reports.tally.notices += 1
        if news is None:
            return
        if not 0 < len(news.notice) <= NOTICE_ID_MAX:
            raise NoticeRefusedError("malformed", "the id of a notice")
        request = RequestKey(f"notice:{provider.name}/{news.notice}")
        match news:
            case Paid():
                await self._paid(provider, news, request)
            case Carried():
                await self._carried(provider, news, request)
            case Doubtful():
                self._errands.nudge(provider.name, news.number)

    async def _paid(self, provider: Provider, news: Paid, request: RequestKey) -> None:
        key = self._errands.payment_of(provider.name, news.number)
        if key is None:
            self._reports.tally.notices_unmatched += 1  # answered long ago, or not of our making
        elif news.standing.amount_minor > provider.confirm_above_minor:
            self._errands.nudge(provider.name, news.number)
        else:
            await self._reports.stands(key, news.standing, request)

    async def _carried(self, provider: Provider, news: Carried, request: RequestKey) -> None:
        name = self._errands.instruction_of(provider.name, news.number)
        if name is None:
            known = self._errands.nudge(provider.name, news.number)
            self._reports.tally.notices_unmatched += not known
            return
        told = self._state.payments.instruction(name)
        expected = (told.amount_minor, self._reports.currency)
        if (news.amount_minor, news.currency) != expected:
            self._reports.mismatch(name, f"{news.amount_minor} {news.currency}")
        await self._reports.came_to(name, news.outcome, request)
