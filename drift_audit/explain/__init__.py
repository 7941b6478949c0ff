"""Groups findings into causes, and tells all that is known of one object."""
