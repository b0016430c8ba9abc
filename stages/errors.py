"""The two ways in which something goes wrong that is not a bug."""


class UserError(Exception):
    """A mistake that the user can mend: one line naming the file or row, what is wrong and what to do."""


class ItemError(Exception):
    """One item cannot be computed; it is recorded as failed with this reason and the others go on."""


class UnreadableError(ItemError):
    """Another system's image of this item is there and cannot be used."""
