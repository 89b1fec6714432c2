"""The public form and mailbox: no account, nothing kept on the device, no hint of what is known."""
