"""Where customers pay: most in a mini-program or an app, some in a browser, some by a code."""

from hashlib import blake2b

from gateway import messages as m
from simulation.live.party import Party
from simulation.streams import Draws

Share = tuple[m.PayingBy, int]
MIX: dict[str, tuple[Share, ...]] = {  # out of ten; any other provider is paid its own way
    "wechat": (("mini_program", 5), ("official_account", 1), ("app", 2), ("h5", 1), ("default", 1)),
    "alipay": (("app", 5), ("mini_program", 2), ("h5", 1), ("web", 1), ("default", 1)),
}
TRIES, REST_MS = 5, 10_000
SHOP = "https://shop.example/orders"


class Wallets:
    """Of the customers of one order service: which way each pays, and doing it."""

    def __init__(self, service: Party) -> None:
        self._service = service
        self._phone = service.world.phone

    def method(self, provider: str, payment: str) -> m.PayingBy:
        """Always the same for the same thing to pay for."""
        if self._phone is None or provider not in MIX:
            return "default"
        return _drawn(self._service.world.streams.named("pays by", payment), MIX[provider])

    def pay(self, customer: str, payment: str, provider: str, method: m.PayingBy) -> None:
        """What is not paid by a code or a form begins on the customer's phone."""
        if method != "default":
            self._service.spawn(self._pay(_start(customer, payment, provider)))

    async def _pay(self, start: m.StartPayment) -> None:
        """Who hears that the provider is silent, or is cut off from him, tries again."""
        assert self._phone is not None
        for _ in range(TRIES):
            reply = await self._service.ask(start)
            told = reply.body if reply is not None else None
            if isinstance(told, m.Payment) and (told.page is None or await self._phone(told.page)):
                return
            await self._service.sleep(REST_MS)


def _start(customer: str, payment: str, provider: str) -> m.StartPayment:
    """With all that any way of paying might ask for."""
    digest = blake2b(customer.encode(), digest_size=14).hexdigest()
    openid = f"o{digest[:27]}" if provider == "wechat" else f"2088{int(digest, 16) % 10**12:012d}"
    return m.StartPayment(payment, openid, "127.0.0.1", "android", SHOP)


def _drawn(draws: Draws, shares: tuple[Share, ...]) -> m.PayingBy:
    left = draws.random() * sum(share for _, share in shares)
    for method, share in shares:
        left -= share
        if left < 0:
            return method
    return "default"
