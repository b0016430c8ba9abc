"""The gallery: its pictures, its numbers in compact form, and its pages. No torch here."""
