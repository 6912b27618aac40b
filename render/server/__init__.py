"""The HTTP server: it speaks to browsers and never touches a GPU nor decodes data."""
