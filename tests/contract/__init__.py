"""What the contract promises of every route and every transport alike."""
