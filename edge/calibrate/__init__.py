"""The statistics behind the technician's commands. Pure."""
