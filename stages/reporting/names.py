"""What things are called in the report."""

METHOD_NAMES = {
    "barbershop": "Barbershop", "baseline": "Baseline", "copy_paste": "Copy-paste", "poisson": "Poisson",
}  # fmt: skip


def method_name(method: str) -> str:
    """How a method of params.yaml is called in the report."""
    return METHOD_NAMES.get(method, method)
