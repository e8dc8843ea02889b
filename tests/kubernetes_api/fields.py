"""Find fields that ``fieldValidation=Strict`` refuses as unknown to Kubernetes, by the models of the client."""

import re
from collections.abc import Iterator
from typing import Any

from kubernetes.client import models


def unknown_fields(value: Any, kind: str = "V1Pod", path: str = "") -> Iterator[str]:
    """Yield the path of each field that the model does not have."""
    if found := re.fullmatch(r"list\[(.+)\]", kind):
        for index, item in enumerate(value):
            yield from unknown_fields(item, found[1], f"{path}[{index}]")
        return
    model = getattr(models, kind, None)
    if model is None or not isinstance(value, dict):
        return
    by_name = {name: model.openapi_types[attribute] for attribute, name in model.attribute_map.items()}
    for name, item in value.items():
        field = f"{path}.{name}" if path else name
        if name not in by_name:
            yield f'unknown field "{field}"'
        else:
            yield from unknown_fields(item, by_name[name], field)
