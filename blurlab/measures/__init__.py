"""What many pictures tell of a network, batch by batch: one file a measure."""
