"""What a Dataverse organisation holds and does, with no knowledge of HTTP."""
