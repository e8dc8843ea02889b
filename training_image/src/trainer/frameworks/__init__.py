"""Train, measure and pack models, whatever library does the work.

``interface`` defines what a framework must offer and the records that cross its door. Each folder beside it is one
framework; it alone imports its library, and nothing outside of it names that library.

A new framework is a new folder.
"""

from .interface import USUAL_BATCH, Finding, Measured, Measurement, MeasureSettings, Plan, UnreadableModel

__all__ = [
    "USUAL_BATCH",
    "Finding",
    "MeasureSettings",
    "Measured",
    "Measurement",
    "Plan",
    "UnreadableModel",
]
