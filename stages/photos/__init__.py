"""Photos as they come: where the face is, and FFHQ's crop of it."""
