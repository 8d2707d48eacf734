"""`python -m frugan`: the same as the command `frugan`."""

import sys

from frugan.cli import main

sys.exit(main())
