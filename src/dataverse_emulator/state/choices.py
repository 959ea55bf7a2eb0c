"""Points the documentation leaves open: the emulator picks one answer and lets it be switched."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Choices:
    """Each member names an UNCONFIRMED point of dataverse.md by its section."""

    # 2.3: whether `x ne true` (and other negative tests) returns rows where x is null.
    null_is_different: bool = False
    # 3.4: the HTTP status of an expired delta token.
    expired_delta_status: int = 410
    # 3.4: whether adding or removing a contact column voids delta tokens (observed, not documented).
    metadata_expires_delta: bool = True
    # 3.5: seconds between a commit and its visibility to change tracking.
    tracking_lag_s: float = 0.0
    # 4.1: whether a batch that stops at an error still shows the parts before it.
    batch_keeps_earlier_parts: bool = True
    # 4.1: whether a batch is read whose lines end in LF ("might cause errors", but clients do it).
    batch_takes_newlines: bool = True
    # 6.4 of the facts on merge (9.4): whether Update steps see the two rows of a Merge.
    merge_raises_updates: bool = True
    # 4.2: whether the same id twice in one UpdateMultiple is refused (else the last one wins).
    refuse_repeated_ids: bool = True
    # 7.1, 7.4: whether a custom name must begin with the prefix of one of the organisation's publishers.
    prefix_of_a_publisher: bool = False
    # 7: whether a property of a definition of which nobody documented a value is null (else it is a 501).
    undocumented_are_null: bool = False
    # 7.5: seconds until the index of a new alternate key is built; until then the key is Pending.
    key_index_s: float = 0.0
    # 9.7: whether the bypass headers also keep the steps of service endpoints from running.
    bypass_covers_endpoints: bool = True
    # The SQL endpoint of the official Python client: whether rows have the columns that are null.
    sql_shows_nulls: bool = True
    # 9.6: seconds between a change and its row in the audit log ("written with a delay").
    audit_lag_s: float = 0.0
