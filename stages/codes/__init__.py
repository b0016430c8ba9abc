"""The FS code of Barbershop: embedding, alignment and blending as functions on tensors; no file is touched here."""
