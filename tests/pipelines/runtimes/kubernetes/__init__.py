"""Tests of the kubernetes runtime."""
