"""The server's port: who is connected, what guards it, and what one connection says and hears."""
