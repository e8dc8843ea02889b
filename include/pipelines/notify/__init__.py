"""Notify people of a pipeline's runs: compose a message, choose its targets, deliver it."""
