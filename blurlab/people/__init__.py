"""People: which of a hybrid's two pictures a person sees, and at which cutoff that changes."""
