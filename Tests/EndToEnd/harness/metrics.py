"""A scrape, read by prometheus_client's own parser."""

import math

from prometheus_client.parser import text_string_to_metric_families


class Metrics:
    """Samples by name and labels. A metric that is not there has no samples, and its sum is 0."""

    def __init__(self, text: str):
        self.families = list(text_string_to_metric_families(text))
        self.samples = [sample for family in self.families for sample in family.samples]

    @property
    def names(self) -> set[str]:
        return {sample.name for sample in self.samples}

    def labels(self, name: str) -> list[dict[str, str]]:
        return [sample.labels for sample in self.samples if sample.name == name]

    def value(self, name: str, **labels: str) -> float:
        """The sum of the samples whose labels include these; `from_` stands for `from`."""
        wanted = {key.rstrip("_"): value for key, value in labels.items()}
        return math.fsum(
            sample.value for sample in self.samples
            if sample.name == name and wanted.items() <= sample.labels.items())

    def moved(self, before: "Metrics", name: str) -> dict[tuple[str, ...], float]:
        """What rose since `before`, by label values in the order of the labels' names."""
        risen = {}
        for sample in self.samples:
            if sample.name == name:
                earlier = math.fsum(
                    other.value for other in before.samples
                    if other.name == name and other.labels == sample.labels)
                if sample.value != earlier:
                    key = tuple(value for _, value in sorted(sample.labels.items()))
                    risen[key] = sample.value - earlier
        return risen
