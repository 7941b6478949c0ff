"""Who changed what, from the operations that Compute Engine keeps of itself."""
