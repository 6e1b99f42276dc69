"""The page Audience, and the room that phones join."""
