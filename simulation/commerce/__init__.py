"""Everything besides delivery: shopping, shopkeeping, care afterwards, bills; and its figures."""
