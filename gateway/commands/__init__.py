"""What `o2o COMMAND` calls (gateway/cli.py lists them): each parses its words, and runs."""
