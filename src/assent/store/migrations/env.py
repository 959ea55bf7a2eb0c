"""What alembic runs: our connection, inside the caller's transaction."""

from alembic import context

from assent.store.parts import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
