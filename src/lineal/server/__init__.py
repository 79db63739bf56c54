"""The HTTP server around the doors: dispatch, sign-in, live feed, static files; no protocol's words."""
