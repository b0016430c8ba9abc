"""Names in the table that planning must know too; nothing slow is imported here."""

FAILURE = "failure"  # the metric that is 1 where a method's result of an item is a failure, else 0
