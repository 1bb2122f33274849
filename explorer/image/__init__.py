"""An image as data: references, model, archive layouts and history."""
