"""Types of the operator's custom resources; `make generate` writes the CRDs from them."""
