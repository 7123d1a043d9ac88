"""The service: REST over what protoparse does, and a store of documents that several people edit. Read `app` first.

In: settings. Out: a process that answers HTTP until it is told to stop.

    request ─ guarding ─▶ app ─▶ operations ─▶ workers, processes that can be cut off
                           ├──▶ documents ─▶ store: SQLite, PostgreSQL
                           └──▶ pages, reviewing ─▶ view, reviews ─▶ site: HTML
"""
