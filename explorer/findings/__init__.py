"""Why an image is big: categories, rules and findings."""
