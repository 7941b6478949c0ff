"""What an audit does when the world fails, is interrupted, or is hostile: the whole program over a fleet of the rig."""
