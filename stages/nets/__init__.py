"""Networks: their architectures, what the pipeline asks of them, and how a weight file becomes one."""
