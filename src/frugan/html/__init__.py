"""The toolkit of every page: markup that escapes itself, charts as SVG, pictures as data URIs."""
