"""OpenGL through EGL, without a window: devices, contexts, programs, buffers, textures. Knows nothing of volumes."""
