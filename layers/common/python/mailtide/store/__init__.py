"""Store: DynamoDB and S3 behind the Protocols of the flows; rows never leave this package."""
