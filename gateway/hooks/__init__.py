"""Webhooks out: the feeds that are logs, told over HTTP to who cannot keep a socket open.

`outbox.py` keeps what is not yet delivered, with a cursor into each log; `queue.py` says what is
due, in order of each subject; `postman.py` brings it; `signing.py` vouches for it; `addresses.py`
says where nobody is sent. `office.py` puts them together and answers requests about them.
"""
