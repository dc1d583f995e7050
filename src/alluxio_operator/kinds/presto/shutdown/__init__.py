"""How servers stop without failing queries."""
