"""What providers that compare by field maps have in common. A provider may use any of it, and none of the core does."""
