"""Who customers are: encrypted, apart from the journal, erasable."""
