"""Tests of the Dataverse connector."""
