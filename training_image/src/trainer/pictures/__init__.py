"""Draw the pictures that people look at in a run's artifacts.

A contact sheet of the dataset, confusion matrices, and pictures side by side: truth, candidate, champion. Everything
is drawn with Pillow from plain records; nothing here reads a store, measures a model or talks to MLflow.

Fonts come from the caller, so that Korean class names show.
"""

from .confusion import draw_confusion
from .contact_sheet import draw_contact_sheet
from .side_by_side import Row, draw, open_font, truth

__all__ = [
    "Row",
    "draw",
    "draw_confusion",
    "draw_contact_sheet",
    "open_font",
    "truth",
]
