"""The path tracer: scenes on the device, majorants, passes, accumulation. GL, on one thread."""
