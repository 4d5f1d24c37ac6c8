"""`python -m reprollm`: the command line of this very interpreter, activated or not."""

from reprollm.cli import main

if __name__ == "__main__":
    main()
