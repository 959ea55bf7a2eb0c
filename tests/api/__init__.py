"""The API over real HTTP: who may call, what is answered, and what is refused."""
