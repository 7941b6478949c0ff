"""Google Cloud over real HTTP: a fixture server that answers as compute v1 does, and what CAPG makes in it."""
