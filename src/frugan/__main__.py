"""`python -m frugan`: the same as the command `frugan`."""

import sys

from frugan.cli import main

if __name__ == "__main__":  # not in the processes that multiprocessing spawns
    sys.exit(main())
