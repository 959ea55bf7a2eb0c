"""Tests of the Dataverse emulator, over real HTTP or directly on its state."""
