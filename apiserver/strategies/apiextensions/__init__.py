"""Rules of CustomResourceDefinitions: names, versions and structural schemas."""
