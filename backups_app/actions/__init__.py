"""What can be done with backups: one module a verb, each guard, do, record."""
