"""Speaks Dataverse: requests as values, one client, one error tree."""
