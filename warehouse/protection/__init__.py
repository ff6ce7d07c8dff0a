"""What protects the people who wrote: pseudonyms, redaction, erasure, the export gate."""
