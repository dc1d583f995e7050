"""The resources that the operator owns, as types; the CRDs are generated from them."""
