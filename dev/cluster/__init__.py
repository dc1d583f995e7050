"""A real Kubernetes cluster on one machine, in its own namespaces: for development, tests and CI."""
