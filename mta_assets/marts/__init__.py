"""What people read, made from credit and spend. Pure: frames in, frames out."""
