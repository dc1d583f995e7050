"""Tools to run and test the project on one machine."""
