"""What will the next hours be like, from how things are now? The live engine's state, played on."""
