"""Tests of the trainer's model registry."""
