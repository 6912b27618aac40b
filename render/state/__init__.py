"""All that is shown, as one immutable tree."""
