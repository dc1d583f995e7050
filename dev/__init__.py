"""What it takes to run and test the project on one machine."""
