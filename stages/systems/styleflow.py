"""StyleFlow: attributes of a StyleGAN2 latent, edited in a window. Nothing of it takes hair from an image."""

from stages.systems import System

ENTRY = System(
    title="StyleFlow",
    paper="Abdal et al., ACM TOG 2021, arXiv 2008.02401",
    repository="RameenAbdal/StyleFlow",
    licence="CC BY-NC-SA 4.0",
    takes={
        "attributes": "gender, glasses, yaw, pitch, baldness, beard, age, expression and light, by sliders in a window",
        "codes": "those of its own samples, data/sg2latents.pickle; its scripts read no image",
    },
    gives="images in a window, 1024 px; no script writes one",
    facts={
        "two windows, no other script to edit with; licence": "RameenAbdal/StyleFlow: README.md",
        "its attributes, its latents, and that it transfers attributes between these": "RameenAbdal/StyleFlow: "
        "main_attribute.py",
    },
    why_not="its public scripts edit eight attributes of its own samples, by hand; none is the hair of an image",
)
