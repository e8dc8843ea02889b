"""Tests of the trainer's dataset layouts."""
