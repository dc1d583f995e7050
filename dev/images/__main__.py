"""Entry of `python -m dev.images`."""

import sys

from dev.images.cli import main

sys.exit(main())
