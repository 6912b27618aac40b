"""Views and who watches them: validated events in, frames and answers out."""
