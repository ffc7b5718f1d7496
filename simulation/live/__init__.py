"""The same people as in the simulation, as real websocket clients of a real server.

They know of the server what docs/protocol.md says; only what happens in the street (goods over
the counter, a PIN at the door) passes between them in memory: see street.py.
"""
