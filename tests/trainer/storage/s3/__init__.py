"""Tests of the trainer's S3 storage."""
