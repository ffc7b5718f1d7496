"""A customer's hand: what he does with what his client was given to pay with."""

import aiohttp
import msgspec

from gateway import messages as m

TIMEOUT = aiohttp.ClientTimeout(total=10.0)


class Hand:
    """Of the customers of the sandbox at `url`; the session is closed by who opened it."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session, self._url = session, url

    async def use(self, page: m.Page) -> bool:
        """Whether it was shown to him, to be paid; also if he has paid it already.

        A redirect is opened in a browser, anything else handed to the provider's program.
        """
        try:
            if page.kind == "redirect":
                async with self._session.get(page.value, timeout=TIMEOUT) as answer:
                    return answer.status == 200 or await answer.text() == "paid"
            url, body = f"{self._url}/sandbox/invoke", msgspec.json.encode(page)
            async with self._session.post(url, data=body, timeout=TIMEOUT) as answer:
                return answer.status == 204 or await answer.text() == "paid"
        except (aiohttp.ClientError, TimeoutError):
            return False
