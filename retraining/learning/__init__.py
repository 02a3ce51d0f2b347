"""What needs PyTorch: a process of its own for each step, with bounds on its time, memory and processor."""
