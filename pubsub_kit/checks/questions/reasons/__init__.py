"""Why an answer fails, for each belief that a question can name; a file for each long lesson."""
