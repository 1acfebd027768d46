"""xiaoan: a wall terminal for schools that hears trouble and tells the duty desk."""

__version__ = "0.1.0"
