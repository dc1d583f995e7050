"""The under storage (UFS) of the root mount: options, endpoints and health."""
