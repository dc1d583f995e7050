"""The operator for catalogs: bundle, catalog, and the Operator Lifecycle Manager (OLM) on the local cluster."""
