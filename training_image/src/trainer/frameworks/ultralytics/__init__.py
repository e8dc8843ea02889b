"""Train, measure and pack models with ultralytics.

``FRAMEWORK`` implements ``trainer.frameworks.Framework``. Its modules import torch and ultralytics only when they are
used, after ``setup.prepare`` has made both offline and quiet. ``arguments`` prints the list of train arguments that a
catalog may set; ``served_model`` travels with every registered version and imports nothing of this project.
"""

from .framework import FRAMEWORK

__all__ = ["FRAMEWORK"]
