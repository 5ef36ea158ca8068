//! Jobs: one file a scheduled job, the scheduler that makes due times into rows, and the worker.
