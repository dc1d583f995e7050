"""How servers leave without failing queries."""
