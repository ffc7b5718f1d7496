"""A customer's hand: what he does with what his client was given to pay with."""

from types import TracebackType
from typing import Self

import aiohttp
import msgspec

from gateway import messages as m

TIMEOUT_S = 10.0


class Hand:
    """`async with Hand(url_of_the_sandbox) as hand: await hand.use(page)`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def use(self, page: m.Page) -> bool:
        """Whether it was shown to him, to be paid; also if he has paid it already.

        A redirect is opened in a browser, anything else handed to the provider's program.
        """
        assert self._session is not None
        try:
            if page.kind == "redirect":
                async with self._session.get(page.value) as answer:
                    return answer.status == 200 or await answer.text() == "paid"
            body = msgspec.json.encode(page)
            async with self._session.post(f"{self._url}/sandbox/invoke", data=body) as answer:
                return answer.status == 204 or await answer.text() == "paid"
        except (aiohttp.ClientError, TimeoutError):
            return False
