"""The little that SQLite and PostgreSQL spell differently."""

from sqlalchemy.dialects import postgresql

#: An INSERT that can say ON CONFLICT: PostgreSQL's, which is compiled for SQLite just as well. The other
#: way round, SQLite's cannot be compiled for PostgreSQL.
insert = postgresql.insert
