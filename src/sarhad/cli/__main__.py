"""Runs the command line as a module: python -m sarhad.cli."""

import sys

from sarhad.cli import main

sys.exit(main())
