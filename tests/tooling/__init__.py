"""Tests of what the other tests stand on: engines, lock files and scripts."""
