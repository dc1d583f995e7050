"""Values for the objects that the templates render."""
