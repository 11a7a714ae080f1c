"""`python -m lipstudy` is `lipstudy`."""

from lipstudy.cli import main

main()
