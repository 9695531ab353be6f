"""The engine: a database into one file, and what a file is.

It knows Django's model metadata, database connections and byte streams; nothing of HTTP, Celery, the catalogue or who
is asking. It reports through a `Watch` and asks it between batches whether to stop.

    dump          one consistent snapshot of the database into a stream of records
    load          such a stream into the database: all or nothing, and proven before it commits
    compare       such a stream against the database: what a load would do

`check` says first what a file is. Of `load`: `plan` (what is cleared), `reading` and `foreign` (records), `rows` and
`decoders` (values), `databases/restore_*` (writing), `following` (references from what stays), `proof`.

Read on in `dump`, then `selection` (which tables), `databases` (the snapshot), `codecs` (values), `fixture` (lines),
`manifest` (the proof) and `store` (the folder).
"""
