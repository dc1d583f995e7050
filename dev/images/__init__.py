"""Container images for development and tests, built on one machine from package registries only."""
