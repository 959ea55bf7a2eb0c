"""What a read asks for as values, the text of OData that states it, and the execution against tables."""
