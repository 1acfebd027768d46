"""Makes `models/detector.onnx` from a corpus: read, render, mix, train, export, evaluate (see models/README.md)."""
