"""Pages in a real Chromium: what an officer does by keyboard, and what an accessibility checker finds."""
