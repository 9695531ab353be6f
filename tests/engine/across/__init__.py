"""What becomes of values between kinds of database: the table in docs/reference/values.md is made here."""
