"""`python -m flows.commands` is `valuetalk`."""

from flows.commands import main

main()
