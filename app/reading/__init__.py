"""What other people's files hold, read in a process that can do nothing but read them."""
