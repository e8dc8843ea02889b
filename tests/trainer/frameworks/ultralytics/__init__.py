"""Tests of trainer.frameworks.ultralytics."""
