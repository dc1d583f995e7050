"""A real Kubernetes cluster on one machine, in namespaces of its own: for development, tests and CI."""
