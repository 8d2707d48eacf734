"""What a run is made of (`schema`), the classes that it names (`spec`), and YAML for both (`yaml`)."""
