"""Providers: their signatures, notices, bills and money, in every disorder."""
