"""What was said: the catalogue of events, the policy, the log and its one writer, services, REST, pages, admin."""
