"""xiaoan: a wall terminal for schools that hears trouble and tells the duty desk."""

import os

__version__ = "0.1.0"

# Before numpy is loaded: its matrix products here are small, and threads that spin for them would cost a terminal several times the work itself.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Before ONNX Runtime is loaded: from 1.29 on it keeps an identifier on the disk and reports to its makers unless told not to. Nothing leaves a school.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
