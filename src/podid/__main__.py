"""`python -m podid`: the same as the command `podid`."""

import sys

from podid.cli.app import main

if __name__ == "__main__":
    sys.exit(main())
