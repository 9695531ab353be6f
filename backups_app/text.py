"""Text from outside, made fit to be kept and shown."""


def printable(text: str) -> str:
    """Without what steers terminals, turns the direction of writing, or what some database would refuse."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)
