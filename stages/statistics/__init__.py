"""The table of all measurements, intervals of means, and methods compared item by item."""
