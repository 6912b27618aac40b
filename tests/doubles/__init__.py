"""Stand-ins for what is slow or cannot be made to fail on demand. Only tests of protocols use them."""
