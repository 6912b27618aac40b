"""A scene: the sources that are shown together, where they lie, and how they look at first."""
