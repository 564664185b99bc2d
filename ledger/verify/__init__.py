"""The numbered checks over a bundle (format §9); collects every fault it finds."""
