"""The shell that serves: sockets, journal, feeds, privacy, webhooks, the command line."""
