"""The duty room's page: a subscriber like any other, that no terminal needs."""
