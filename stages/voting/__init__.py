"""A blind preference study: what is asked, in which order, how answers are kept, the pages that a person sees."""
