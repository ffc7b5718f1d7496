"""Feeds: a snapshot, then every change, numbered; told once the turn is durable."""
