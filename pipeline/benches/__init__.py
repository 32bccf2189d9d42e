"""What the bench measures: the systems, how well and how fast they work, and how ours scales."""
