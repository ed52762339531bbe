"""Pictures of real replies: what the emulators were sent, drawn close to how the platforms do."""
