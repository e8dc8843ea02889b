"""Tests of the trainer's datasets."""
