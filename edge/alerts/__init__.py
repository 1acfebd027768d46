"""What an alert is, its life, and the outbox that keeps it."""
