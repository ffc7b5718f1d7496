"""A day that was, lived again under another policy: the same people, as far as is known of them."""
