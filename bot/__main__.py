"""`python -m bot`, also installed as the command `footnote`."""

import sys

from bot.cli import run


def main() -> None:
    """Run the command line; exits with 0, 1 (it failed) or 2 (it was called wrongly)."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
