"""Features in, scores out: the ONNX sessions and their manifests."""
