"""The verified facts of one release or change, arranged to be read; judges nothing."""
