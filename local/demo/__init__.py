"""The demo: `python -m local.demo` mails one campaign to 2,000 made-up people, checks the books."""
