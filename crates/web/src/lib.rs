//! Web: what Farsight serves over HTTP.
