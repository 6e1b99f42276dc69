"""Pictures: files and photographs as tensors, the procedural objects, and their resizing."""
