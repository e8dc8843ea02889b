"""Keep registered models: versions, aliases, their history.

``ModelRegistry`` finds or creates one version per DAG run and moves aliases forward in data time only; every move is
claimed before it is made and kept in a ledger (decision 0018). ``mark_bad`` remembers versions that a rollback took
down. ``packing`` writes the served model and imports much of MLflow, so import it only where a model is packed.

The only room besides ``tracking`` that calls MLflow's registry API.
"""

from .alias_history import AliasMove, held_before
from .alias_moves import Mover
from .bad_versions import BadMark, find_mark, mark_bad, mark_by, mark_of
from .model_registry import MissingWeights, ModelRegistry, open_registry, wall_clock
from .version import RegisteredVersion
from .versions import check_model, describe_versions, versions_of

__all__ = [
    "AliasMove",
    "BadMark",
    "MissingWeights",
    "ModelRegistry",
    "Mover",
    "RegisteredVersion",
    "check_model",
    "describe_versions",
    "find_mark",
    "held_before",
    "mark_bad",
    "mark_by",
    "mark_of",
    "open_registry",
    "packing",
    "versions_of",
    "wall_clock",
]
