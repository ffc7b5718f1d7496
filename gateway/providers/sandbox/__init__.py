"""A provider to practise with: a real HTTP server that speaks and signs as WeChat, Alipay and
Stripe do, with keys made at its first start. No money moves.

`server.py` ties it together; a desk per provider answers and tells; `postman.py` delivers what
they tell, as unreliably as it is told to; `bills.py` writes the bill of a day in each format.
"""
