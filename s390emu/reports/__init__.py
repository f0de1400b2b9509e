"""What people read: text and JSON made from a machine's state and events."""
