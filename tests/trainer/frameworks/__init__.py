"""Tests of trainer.frameworks."""
