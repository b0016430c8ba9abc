"""What is measured: images, sets of features and label maps, with intervals, and the table that holds the numbers."""
