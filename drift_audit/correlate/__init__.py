"""Joins the views: declaration to object, object to the object it derives from, object to its cluster."""
