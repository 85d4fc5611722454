"""`python -m trilho`: the command line."""

from trilho.cli.main import main

if __name__ == "__main__":
    main()
