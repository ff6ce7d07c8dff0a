"""What is wrong with a query, in one sentence that shows where."""


class CqlError(ValueError):
    """A query cannot be read or run; the message says why, at which column, and shows it.

    Parameters
    ----------
    sentence : str
        What was found and what was expected.
    query : str
        The query as it was written.
    column : int
        Where, counted from 0.
    """

    exit_code = 2

    def __init__(self, sentence: str, *, query: str, column: int) -> None:
        self.sentence = sentence
        self.column = column
        shown = "".join(" " if sign.isspace() else sign for sign in query)
        super().__init__(f"query, column {column + 1}: {sentence}\n  {shown}\n  {' ' * column}^")
