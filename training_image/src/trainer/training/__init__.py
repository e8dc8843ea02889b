"""Train with any framework: resume, checkpoint, report, survive.

``train_to_end`` runs one attempt of a training from the newest usable checkpoint to its end. ``state`` remembers in
MLflow which training a run belongs to and the batch that fits, ``CheckpointStore`` keeps verified checkpoints in the
run's artifacts, ``Reporter`` carries epochs from the handover folder to MLflow beside the training, and what MLflow did
not take waits in the cache for the next attempt.
"""

from .attempt import train_to_end
from .checkpoints import CheckpointStore
from .pending_uploads import PENDING_UPLOADS_FOLDER
from .state import Training, current_training, note_out_of_memory, save_training, training_inputs

__all__ = [
    "PENDING_UPLOADS_FOLDER",
    "CheckpointStore",
    "Training",
    "current_training",
    "note_out_of_memory",
    "save_training",
    "train_to_end",
    "training_inputs",
]
