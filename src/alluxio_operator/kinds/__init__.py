"""One package for each kind of resource."""
