"""What a user configures. `settings` holds the types, `load` reads them with all mistakes at once."""
