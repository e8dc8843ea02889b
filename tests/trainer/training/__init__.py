"""Tests of the trainer's training."""
