"""One function pair per call to Dataverse: build the request, read the answer, touch no network."""
