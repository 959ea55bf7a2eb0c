"""What Assent remembers: contacts, links with their bases, sightings, and the append-only ledger.

Building a statement takes longer than running it. So whatever runs, webhooks, the gate and people's own
pages ask for is built once: a constant of its module, above the functions, with `bindparam` for every
value; where columns vary, a `functools.cache`d function of their names. Parameters are called what they
hold. In an UPDATE, where a column's own name would set it, the row is found by `at_...`, and a column
that another parameter names is set from `set_...`. Pages people look at now and then are asked for by
statements built on the spot, which read more easily.
"""
