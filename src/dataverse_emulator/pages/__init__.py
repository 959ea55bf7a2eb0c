"""Pages on which somebody plays a sales rep; they read the state and save through the Web API."""
