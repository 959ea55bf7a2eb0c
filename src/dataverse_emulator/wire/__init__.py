"""The Web API face over the state: addresses, headers, bodies and statuses."""
