"""Models for other runtimes: graphs with free sizes, as ONNX or torch's own files."""
