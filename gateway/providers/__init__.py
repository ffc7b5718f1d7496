"""Payment providers as they really are: one port, a module for each, and who runs the errands.

`port.py` says what a provider can be asked; `wechat.py`, `alipay.py` and `stripe.py` ask it;
`*_signatures.py` know whom to believe; `*_bill.py` read what they charge. `errands.py` carries
out what the engine decided, `webhooks.py` hears what providers say, `bookkeeper.py` lays their
bills beside our books. Cash needs no provider: engine/rules/instructing.py settles it at once.
"""

FILE = "payments.toml"  # in the data folder; without it there are no providers of our own
