"""Reading of mails, whatever archive or file they come from."""
