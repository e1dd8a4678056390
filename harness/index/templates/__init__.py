"""Pages that are Jinja templates: the files they include, and the text their readers see."""
