"""A project on disk: its settings, pages, references, records, lock and waivers."""
