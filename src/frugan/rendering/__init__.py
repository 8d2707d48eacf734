"""Pictures at any size: strips of a view, frames of a film, tiles of an enlarged photo."""
