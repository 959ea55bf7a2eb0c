"""A local stand-in for the Dataverse Web API: faithful where documented, loud where not."""
