"""Questions, answered from the state as it is; nothing of it enters the journal."""
