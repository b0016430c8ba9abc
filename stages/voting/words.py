"""What a person reads in a study. The default question asks what the paper's user study asked, in words of our own.

The paper (Zhu et al. 2021) asked which image combines the face of one and the hair of the other with the highest
quality and the fewest artifacts.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from stages.errors import UserError
from stages.regions.pair import Pair

Text = Annotated[str, Field(min_length=1, max_length=2000)]


class Words(BaseModel):
    """All that a study says of itself; each may be one's own."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    title: Text = "Which picture is better?"
    question: Text = "Which picture better combines this face with this hair: in higher quality and with fewer faults?"
    consent: Text = (
        "You take part of your own free will and may stop at any time. Nothing is asked about you. What you choose, "
        "and how long it takes you, is stored under a random code."
    )
    instructions: Annotated[list[Text], Field(max_length=20)] = [
        "At the top you see a photo of a face and a photo with the hair that it should get.",
        "Below are two pictures of this face with this hair: A and B.",
        "Choose the better one. Click or tap it, or press A or B, or the left or right arrow key. You cannot go back.",
        "Often there is no right answer. Trust your eye, and guess if you cannot decide.",
        "Now and then one picture is damaged on purpose. Then choose the other one.",
    ]
    thanks: Text = "That was all. Thank you."


DEFAULT = Words()


def check_question(words: Words, pairs: list[Pair]) -> None:
    """Raises UserError if the default question does not fit a pair: it asks for a face and hair."""
    if words.question != DEFAULT.question:
        return
    for pair in pairs:
        if set(pair.columns) - {"hair", "hair_appearance"}:
            what = ", ".join(pair.columns)
            raise UserError(
                f"pair {pair.pair} takes {what}, and the default question asks for hair alone; write a question of "
                "your own into the file of --words"
            )


def captions(pair: Pair) -> list[tuple[str, str]]:
    """The images of a pair, the identity first, each with what it gives in a few words."""
    said = [(pair.identity, "the photo that is changed" if "face" in pair.regions else "the face")]
    for image in pair.images:
        if image == pair.identity:
            continue
        parts = [region for region, source in pair.regions.items() if source == image]
        looks = [region for region, source in pair.appearance.items() if source == image]
        shapes = [f"the {part}" if part not in pair.appearance else f"the shape of the {part}" for part in parts]
        said.append((image, " and ".join([*shapes, *(f"the look of the {part}" for part in looks)])))
    return said
