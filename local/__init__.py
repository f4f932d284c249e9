"""What stands in for the outside world and for AWS on a laptop."""
