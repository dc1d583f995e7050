"""The operator as a catalog has it: bundle, catalog, and the Operator Lifecycle Manager on the local cluster."""
