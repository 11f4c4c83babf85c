"""Where examples come from: one module per kind of data source, each opened by `source.open_source`."""
