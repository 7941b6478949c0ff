"""The first stage: each view of the fleet as it was read, and what could not be read."""
