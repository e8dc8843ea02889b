"""Tests of the trainer's machine checks."""
