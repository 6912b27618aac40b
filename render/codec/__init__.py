"""From pixels to bytes: the video encoder and still images."""
