"""The metrics as tables: each module says of one device what is exported, and nothing else does."""
