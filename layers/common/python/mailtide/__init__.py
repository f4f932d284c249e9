"""Mailtide: an email-campaign engine that runs serverless in the user's own AWS account."""
