"""The process that owns a GPU and an encoder, the messages to it, and who looks after it."""
