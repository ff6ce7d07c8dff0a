"""Import of existing archives: tables, dumps, mailboxes, transcripts."""
