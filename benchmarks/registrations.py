"""How many registrations a second two API processes take: `python -m benchmarks.registrations`.

32 submitters, a tenth of the registrations in conflict, 50,000 stored organisations; everything shares the machine.
"""

import sys

from tests.races.registrations import Race, main

if __name__ == "__main__":
    sys.exit(main(Race(processes=2, submitters=32, each=100, organizations=50_000), prog="benchmarks.registrations"))
