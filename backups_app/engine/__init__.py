"""The engine: a database into one file, and what a file is.

It knows Django's model metadata, database connections and byte streams; nothing of HTTP, Celery, the catalogue or who
is asking. It reports through a `Watch` and asks it between batches whether to stop.

    dump          one consistent snapshot of the database into a stream of records

Read on in `dump`, then `selection` (which tables), `databases` (the snapshot), `codecs` (values), `fixture` (lines),
`manifest` (the proof) and `store` (the folder).
"""
