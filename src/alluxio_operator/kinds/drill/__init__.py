"""AlluxioDrill: a rehearsal of a recovery, in a throw-away cluster that writes nothing."""
