"""Command line of the hook server: `python -m alluxio_operator.server`."""

from alluxio_operator.server.main import main

main()
